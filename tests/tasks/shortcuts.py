"""Every shortcut of every task once more, from the text alone.  usage: shortcuts.py TASK OPTION=VALUE... < EXAMPLES.jsonl

A shortcut's flag must say whether the guess made here is wrong.  A shortcut that has no guess here is an error: floors are published,
so a new task's shortcuts get their own lines below, written from what `tasks list` says of them and not from the task's code.
"""
import json
import sys

from words import product


class Program:
    """A Python-like trace, line by line, before the last assert."""

    def __init__(self, text):
        self.bits, self.values, self.steps = None, {}, []
        *lines, question = text.split("\n")
        for line in lines:
            left, _, right = line.partition(" = ")
            if line.startswith("assert "):
                self.steps.append(("shown", *line.removeprefix("assert ").split(" == ")))
            elif left == "bits":
                self.bits = eval(right)
            elif set(self.names(left)) <= set(self.values):
                self.steps.append(("update", self.names(left), self.names(right)))
            else:  # the header
                values = eval(right)
                self.values.update(zip(self.names(left), values if hasattr(values, "__iter__") else [values]))
        self.asked = question.removeprefix("assert ").split(" == ")[0].removeprefix("bits[").removesuffix("]")
        # What a variable stands for: its value, or the bit it points at.
        self.initial = {v: self.stands_for(x) for v, x in self.values.items()}

    @staticmethod
    def names(text):
        return text.split(", ")

    def stands_for(self, value):
        return value if self.bits is None else self.bits[value]

    def reveals(self):
        """(variable, what it stands for) of every assert about a variable, and None for every update, in order."""
        for kind, what, *rest in self.steps:
            if kind == "update":
                yield None, (what, rest[0])
            elif what.removeprefix("bits[").removesuffix("]") in self.values:
                name, shown = what.removeprefix("bits[").removesuffix("]"), int(rest[0])
                yield name, shown if what.startswith("bits[") else self.stands_for(shown)

    def updates(self):
        return [what for name, what in self.reveals() if name is None]


def last_update(p):
    for targets, sources in reversed(p.updates()):
        if p.asked in targets:
            return p.initial[sources[targets.index(p.asked)]]
    return p.initial[p.asked]


def last_reveal(p):
    return [p.initial[p.asked], *(shown for name, shown in p.reveals() if name == p.asked)][-1]


def since_last_reveal(p):
    value, holders = None, set()
    for name, what in p.reveals():
        if name is not None:
            value, holders = what, {name}
        else:
            targets, sources = what
            kept = {v for v in holders if v not in targets}
            holders = kept | {t for t, s in zip(targets, sources) if s in holders}
    return value if p.asked in holders else p.initial[p.asked]


TRACES = {
    "constant": lambda p: 0,
    "initial_value": lambda p: p.initial[p.asked],
    "initial_pointer": lambda p: p.initial[p.asked],
    "last_update": last_update,
    "last_reveal": last_reveal,
    "since_last_reveal": since_last_reveal,
    "last_shown": lambda p: [0, *(shown for name, shown in p.reveals() if name is not None)][-1],
    "first_copied": lambda p: p.initial[p.updates()[0][1][-1]] if p.updates() else 0,
    "majority_bit": lambda p: int(2 * sum(p.bits) > len(p.bits)),
    "majority_pointed": lambda p: int(2 * sum(p.initial.values()) > len(p.initial)),
    "first_bit": lambda p: p.bits[0],
    "last_bit": lambda p: p.bits[-1],
}


def leaves(f):
    return [int(word) for word in f if word in "01"]


def decisive_leaf(f):
    if len(f) > 1 and (f[0], f[1]) in (("and", "0"), ("or", "1")):
        return int(f[1])
    return leaves(f)[-1]


def leaf_surplus(f, hard):
    """More leaves are 1 than the gates over them make likely (README.md, "How formulas are drawn")."""
    q, words, surplus = (5**0.5 - 1) / 2, list(f), 0

    def read(gate):
        nonlocal surplus
        word = words.pop(0)
        if word in "01":
            surplus += int(word) - (0.5 if not hard or gate is None else q if gate == "and" else 1 - q)
        else:
            read(word), read(word)

    read(None)
    return int(surplus > 1e-9)


def formula_guesses(options):
    return {
        "constant": lambda f: 0,
        "root_gate": lambda f: int(f[0] in ("or", "1")),  # a leaf alone is its own root
        "majority_leaf": lambda f: int(2 * sum(leaves(f)) > len(leaves(f))),
        "first_leaf": lambda f: leaves(f)[0],
        "last_leaf": lambda f: leaves(f)[-1],
        "decisive_leaf": decisive_leaf,
        "leaf_surplus": lambda f: leaf_surplus(f, options.get("distribution", "hard") == "hard"),
    }


WORDS = {
    "constant": lambda group, factors: product(group, []),
    "first_element": lambda group, factors: product(group, factors[:1]),
    "last_element": lambda group, factors: product(group, factors[-1:]),
    "last_two": lambda group, factors: product(group, factors[-2:]),
}


def word_factors(text, options):
    """The elements of a word; with letters = swaps or half_turns several tokens make one."""
    group, *words = text.split()[:text.split().index("=")]
    words = [word for word in words if word != "_"]
    each = {"elements": 1, "half_turns": 2, "swaps": int(group[1:]) - 1}[options.get("letters", "elements")]
    return group, [product(group, words[i:i + each]) for i in range(0, len(words), each)]


def guess_of(task, options, shortcut, text):
    if task == "polish_formula":
        known, subject = formula_guesses(options), ([word for word in text.split()[:-1] if word != "_"],)
    elif task == "word_problem":
        known, subject = WORDS, word_factors(text, options)
    else:
        known, subject = TRACES if task in ("state_tracking", "recall", "state_based_recall") else {}, (Program(text),)
    if shortcut not in known:
        raise SystemExit(f"{task}: the shortcut {shortcut} has no guess in shortcuts.py; write it from what `tasks list` says")
    return known[shortcut](*subject)


def main():
    task, options = sys.argv[1], dict(option.split("=", 1) for option in sys.argv[2:])
    lines = [json.loads(line) for line in sys.stdin]
    for line in lines:
        for shortcut, fails in line["flags"].items():
            guess = guess_of(task, options, shortcut, line["text"])
            assert fails == (str(guess) != line["answers"][-1]["token"]), (shortcut, guess, line["text"])
    print(len(lines), "examples have the flags of their shortcuts")


main()
