#!/usr/bin/env python3
"""Rows of run directories with what was tried and how learning went, as CSV on standard output.

    python3 experiments/results/collect_tries.py runs/sweep_one runs/sweep_two > experiments/results/learnability_....csv

A run gives one row per reported difficulty, and one without counts when it was stopped before its end.
"""
import csv, json, sys, tomllib
from datetime import datetime, timezone
from pathlib import Path

KEYS = ["model.pattern", "model.width", "model.head_dim", "model.key_dim", "task.bits_per_swap", "task.spacing", "task.strict",
        "task.reveal", "task.reveal_variables", "task.questions", "curriculum.levels", "curriculum.holdout", "train.lr",
        "train.cooldown", "train.batch", "train.steps", "train.seed"]


def holdouts(run):
    """(step, difficulty, correct, counted) of every check of the curriculum."""
    lines = (json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines())
    return [(x["step"], *(x["holdout"][k] for k in ("difficulty", "correct", "counted"))) for x in lines if "holdout" in x]


def rows(sweep, run):
    config, state = tomllib.loads((run / "config.toml").read_text()), json.loads((run / "run.json").read_text())
    value = lambda key: config[key.split(".")[0]].get(key.split(".")[1])
    checks, entered = holdouts(run), {}
    for step, difficulty, *_ in checks:
        entered.setdefault(difficulty, step)
    row = {"sweep": sweep.name, "run": run.name}
    row |= {key: " ".join(map(str, value(key))) if isinstance(value(key), list) else value(key) for key in KEYS}
    row |= {"precision": state["precision"], "status": state["status"], "seconds": round(state["seconds"], 1),
            "first_check_of_level_at_step": " ".join(f"{d}@{s}" for d, s in entered.items())}
    row |= dict(zip(("last_check_at_step", "last_check_difficulty", "last_check_correct", "last_check_counted"), checks[-1]))
    written = datetime.fromtimestamp((run / "run.json").stat().st_mtime, timezone.utc)
    row |= {"commit": state["commit"], "machine": state["machine"], "date": written.date().isoformat()}
    reports = [e for e in state.get("evaluations", []) if e["stream"] == "report"]
    for e in reports or [{}]:
        yield row | {key: e.get(key) for key in ("difficulty", "correct", "counted")} | {
            "floor": max(e["floors"].values()) if e else None}


def main():
    sweeps = [Path(path) for path in sys.argv[1:]]
    if not sweeps:
        sys.exit(__doc__)
    out = None
    for sweep in sweeps:
        for run in sorted(path.parent for path in sweep.glob("*/run.json")):
            for row in rows(sweep, run):
                if out is None:
                    out = csv.DictWriter(sys.stdout, row, lineterminator="\n")
                    out.writeheader()
                out.writerow(row)


main()
