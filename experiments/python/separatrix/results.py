"""Measured rows of runs and sweeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._separatrix import Error

if TYPE_CHECKING:
    import pandas


def load_results(directory: str | Path, *, frame: bool = False) -> "list[dict[str, Any]] | pandas.DataFrame":
    """One record for every evaluation of every run below `directory`, which is a run or holds runs (a sweep, a report).

    A record has `run` (the run's folder), `model` (its pattern), `status`, `task`, `task_options`, `seed`, `lr`, `steps`,
    `spec_hash` and `commit` as run.json has them, and of the evaluation `stream`, `difficulty`, `correct`, `counted`, `accuracy`, `floors` (shortcut -> share of examples it answers) and
    `floor` (the highest).  `frame=True` gives a pandas.DataFrame.  A folder without runs raises separatrix.Error.
    """
    root = Path(directory)
    files = sorted(root.rglob("run.json"))
    if not files:
        raise Error(f"{root}: no run.json in it or below; give the folder of a run or of a sweep")
    records = [record for file in files for record in _records(file)]
    if not frame:
        return records
    import pandas

    return pandas.DataFrame.from_records(records)


def _records(file: Path) -> list[dict[str, Any]]:
    try:
        run = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise Error(f"{file}: not JSON: {error}") from None
    common = {"run": str(file.parent), "model": run["pattern"]}
    common |= {key: run[key] for key in ("status", "task", "task_options", "seed", "lr", "steps", "spec_hash", "commit")}
    return [common | _evaluation(e) for e in run["evaluations"]]


def _evaluation(e: dict[str, Any]) -> dict[str, Any]:
    floors = {name: right / e["counted"] for name, right in e["floors"].items()}
    return {
        "stream": e["stream"],
        "difficulty": e["difficulty"],
        "correct": e["correct"],
        "counted": e["counted"],
        "accuracy": e["correct"] / e["counted"],
        "floors": floors,
        "floor": max(floors.values(), default=0.0),
    }
