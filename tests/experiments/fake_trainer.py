"""Stands for `separatrix train` in tests of sweeps: same arguments, same files, no training.

A run of T steps takes T hundredths of a second; SIGTERM cuts it after the step at hand and --resume goes on from there.
While a file `hold` is beside the run it does not come past step 10.  Learning rate 9 diverges, learning rate 8 crashes.  Every start is a line in starts.txt beside the run.
"""
import argparse, json, os, signal, sys, time, tomllib

parser = argparse.ArgumentParser()
parser.add_argument("config")
parser.add_argument("--out")
parser.add_argument("--resume", action="store_true")
parser.add_argument("--quiet", action="store_true")
parser.add_argument("--set", action="append", default=[])
a = parser.parse_args()

config = {}
def flatten(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            flatten(value, prefix + key + ".")
        else:
            config[prefix + key] = value
with open(a.config, "rb") as file:
    flatten(tomllib.load(file))
for setting in a.set:
    key, value = setting.split("=", 1)
    config[key] = tomllib.loads("value = " + value)["value"]

stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
os.makedirs(a.out, exist_ok=True)
with open(os.path.join(a.out, "..", "starts.txt"), "a") as file:
    file.write(os.path.basename(a.out) + "\n")
with open(os.path.join(a.out, "config.toml"), "w") as file:
    for key, value in config.items():
        file.write(f"{key} = {json.dumps(value)}\n")

path = os.path.join(a.out, "run.json")
step = 0
if os.path.exists(path):
    with open(path) as file:
        step = json.load(file)["steps"]
first = step

def record(status, evaluations):
    run = {"status": status, "task": config["task.name"], "model": config["model.preset"], "kind": config["model.preset"],
           "pattern": "GGGA", "spec_hash": "0", "seed": config["train.seed"], "lr": config["train.lr"], "schedule": "cosine",
           "steps": step, "resumed_at": first, "seconds": step / 100, "solved": False, "steps_to_solve": {}, "commit": "c", "machine": "m",
           "device": "cpu", "precision": "fp32", "evaluations": evaluations}
    with open(path + ".new", "w") as file:
        json.dump(run, file)
    os.rename(path + ".new", path)

if config["train.lr"] == 8:
    sys.exit("bad luck at step 0")
while step < config["train.steps"]:
    record("cut", [])
    if stopped:
        sys.exit(143)
    time.sleep(0.01)
    if step < 10 or not os.path.exists(os.path.join(a.out, "..", "hold")):
        step += 1
if config["train.lr"] == 9:
    record("diverged", [])
    sys.exit(1)
record("done", [{"stream": s, "difficulty": 4, "correct": 90 + config["train.seed"], "counted": 100, "floors": {"majority": 60}}
                for s in ("select", "report")])
