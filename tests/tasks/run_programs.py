"""Runs generated programs by Python itself.  usage: run_programs.py EXAMPLES.jsonl EXAMPLES.safetensors

Programs: exec, so every assert must hold.  Formulas: eval of the infix form.  Words: their product.  Beside it, the
safetensors file (read here by struct and json only) must hold the same tokens, masks, answers and flags as the JSON lines.
"""
import json
import struct
import sys

from words import product


def infix(words):
    word = words.pop(0)
    if word in ("0", "1"):
        return word
    left = infix(words)
    return f"({left} {word} {infix(words)})"


def check_text(text, answer):
    if text[0] in "SAZ":
        words = text.split()
        factors = [word for word in words[1:words.index("=")] if word != "_"]
        assert words[-1] == answer == product(words[0], factors), text
        return
    if text.split()[0] in ("and", "or", "0", "1"):
        words = text.split()
        value = eval(infix(words))
        assert words[-1] == answer == str(value) and set(words[:-1]) <= {"_"}, text
    else:
        exec(text, {})
        assert text.endswith("== " + answer), text


def tensors_of(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__")
    out = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        code = {"I32": "i", "U8": "B"}[entry["dtype"]]
        raw = data[8 + size + begin:8 + size + end]
        out[name] = (entry["shape"], struct.unpack(f"<{len(raw) // struct.calcsize(code)}{code}", raw))
    return out, metadata


lines = [json.loads(line) for line in open(sys.argv[1])]
tensors, metadata = tensors_of(sys.argv[2])
vocabulary = json.loads(metadata["vocabulary"])
(count, width), tokens = tensors["tokens"]
assert count == len(lines)
for i, line in enumerate(lines):
    check_text(line["text"], line["answers"][-1]["token"])
    n = len(line["tokens"])
    assert tensors["lengths"][1][i] == n
    assert list(tokens[i * width:i * width + n]) == line["tokens"]
    assert list(tensors["loss_mask"][1][i * width:i * width + n]) == line["loss_mask"]
    answers = range(*tensors["answer_offsets"][1][i:i + 2])
    assert [tensors["answer_positions"][1][a] for a in answers] == [a["position"] for a in line["answers"]]
    assert [tensors["answer_ids"][1][a] for a in answers] == [a["id"] for a in line["answers"]]
    assert all(vocabulary[a["id"]] == a["token"] and line["tokens"][a["position"]] == a["id"] for a in line["answers"])
    flags = len(line["flags"])
    assert list(tensors["flags"][1][i * flags:(i + 1) * flags]) == list(line["flags"].values())
print(len(lines), "programs hold")
