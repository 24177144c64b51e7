"""experiments/results/collect_tries.py on a run made by the program."""
import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = Path(os.environ.get("SEPARATRIX_PROGRAM", ROOT / "build" / "experiments" / "separatrix"))
SCRIPT = ROOT / "experiments" / "results" / "collect_tries.py"
RUN = """
[task]
name = "state_tracking"
difficulty = 2
[model]
pattern = "G"
width = 16
heads = 1
head_dim = 16
hidden = 16
[train]
steps = 4
batch = 4
[curriculum]
check_every = 2
samples = 8
[evaluate]
difficulties = [2, 4]
samples = 8
select_samples = 8
"""


@pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built; name it by SEPARATRIX_PROGRAM")
def test_rows_of_a_run_and_of_one_that_was_stopped(tmp_path):
    (tmp_path / "run.toml").write_text(RUN)
    sweep = tmp_path / "sweep"
    train = [PROGRAM, "train", tmp_path / "run.toml", "--quiet"]
    subprocess.run([*train, "--out", sweep / "whole"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*train, "--set", "train.steps=1000000", "--max-seconds", "0.5", "--out", sweep / "stopped"],
                   stdout=subprocess.DEVNULL)
    printed = subprocess.run([sys.executable, SCRIPT, sweep], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(printed.splitlines()))
    assert [(r["run"], r["status"], r["difficulty"]) for r in rows] == [("stopped", "cut", ""), ("whole", "done", "2"), ("whole", "done", "4")]
    whole = rows[1]
    assert (whole["model.pattern"], whole["train.batch"], whole["task.reveal"]) == ("G", "4", "")
    assert (whole["first_check_of_level_at_step"], whole["last_check_at_step"], whole["last_check_counted"]) == ("2@2", "4", "8")
    assert 0 <= int(whole["correct"]) <= int(whole["counted"]) == 8 and int(whole["floor"]) > 0


def test_without_a_folder_it_says_how_it_is_called():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)
    assert done.returncode != 0 and "learnability" in done.stderr
