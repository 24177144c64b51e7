"""Our CPU kernels beside PyTorch's, in one run on the same cores: ratios, not seconds, are what carries over to other machines.

    pip install -r kernels/bench/requirements.txt        (an environment of its own; never needed to build, test or train)
    python kernels/bench/cpu_peers.py op                 gated delta rule, forward and backward, two shapes
    python kernels/bench/cpu_peers.py step               training step of the hybrid of Table 14, lengths near 256 and 1024
    options: --rounds 3 --threads 2 --csv experiments/results/cpu_peers.csv

The peer is what people run on a CPU today: the torch fallback of transformers (OlmoHybrid), fp32 and bf16 autocast, AdamW of PyTorch.
Each round runs peer and ours one after the other; a ratio is the median over rounds of peer / ours, against the peer's faster precision.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import time

import torch
from transformers import OlmoHybridConfig, OlmoHybridForCausalLM
from transformers.models.olmo_hybrid import modeling_olmo_hybrid as peer

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/experiments/separatrix"


def ours(*arguments, threads):
    """The JSON that a verb of our program prints."""
    env = dict(os.environ, OMP_NUM_THREADS=str(threads))
    return json.loads(subprocess.run([PROGRAM, *map(str, arguments), "--json"], check=True, capture_output=True, text=True, env=env).stdout)


def timed(run, repeats):
    """Median seconds of `repeats` runs after one to warm up."""
    run()
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def peer_op(batch, length, heads, key_dim, value_dim, repeats):
    """(forward, backward) seconds of torch_chunk_gated_delta_rule, fp32."""
    q, k = (torch.nn.functional.normalize(torch.randn(batch, length, heads, key_dim), dim=-1).requires_grad_() for _ in "qk")
    v = torch.randn(batch, length, heads, value_dim, requires_grad=True)
    g = (-0.2 * torch.rand(batch, length, heads)).requires_grad_()
    beta = (2 * torch.rand(batch, length, heads)).requires_grad_()
    inputs = (q, k, v, g, beta)

    def forward():
        return peer.torch_chunk_gated_delta_rule(q, k, v, g=g, beta=beta)[0]

    out = forward()
    d_out = torch.randn_like(out)
    forward_seconds = timed(forward, repeats)
    both = timed(lambda: torch.autograd.grad(forward(), inputs, d_out), repeats)
    return forward_seconds, both - forward_seconds


def peer_step(batch, length, vocab, precision, repeats):
    """Seconds of one training step: forward, backward, clipping, AdamW."""
    config = OlmoHybridConfig(
        vocab_size=vocab, hidden_size=256, intermediate_size=1024, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4,
        linear_num_key_heads=4, linear_num_value_heads=4, linear_key_head_dim=64, linear_value_head_dim=128,
        layer_types=["linear_attention"] * 3 + ["full_attention"], use_cache=False, pad_token_id=0)
    model = OlmoHybridForCausalLM(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    tokens = torch.randint(vocab, (batch, length))

    def step():
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return timed(step, repeats)


def measure_op(arguments):
    for key_dim, value_dim in [(64, 64), (64, 128)]:
        shape = dict(batch=32, length=1024, heads=4, key_dim=key_dim, value_dim=value_dim)
        for _ in range(arguments.rounds):
            theirs = peer_op(*shape.values(), repeats=arguments.repeats)
            flags = [x for name, value in shape.items() for x in ("--" + name.replace("_", "-"), value)]
            mine = ours("bench", "gdn", *flags, "--runs", 5, "--threads", arguments.threads, threads=arguments.threads)
            for i, what in enumerate(["forward", "backward"]):
                yield f"{what} B32 T1024 H4 {key_dim}/{value_dim}", "fp32", theirs[i], mine[what + "_seconds"], None


def measure_step(arguments):
    model = ROOT / "experiments/paper/model.toml"
    for difficulty in arguments.difficulties:
        for _ in range(arguments.rounds):
            mine = {}
            for precision in ["fp32", "auto"]:
                flags = ["--set", f"task.difficulty={difficulty}", "--set", f"train.precision={precision}", "--steps", arguments.repeats]
                mine[precision] = ours("bench", "step", model, *flags, threads=arguments.threads)
            batch, length = mine["fp32"]["batch"], mine["fp32"]["length"]
            theirs = min(peer_step(batch, length, 64, precision, arguments.repeats) for precision in arguments.peer_precisions)
            for precision, speed in mine.items():
                yield f"step B{batch} T{length}", precision, theirs, speed["seconds"], speed["floor_seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["op", "step"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="runs per round")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--difficulties", type=int, nargs="+", default=[29, 120], help="of the model's task; they set the length")
    parser.add_argument("--peer-precisions", nargs="+", choices=["fp32", "bf16"], default=["fp32", "bf16"],
                        help="step: the faster one counts; leave bf16 out where the CPU does not multiply it natively")
    parser.add_argument("--csv", help="append one row per measured quantity")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = {}
    for name, precision, theirs, mine, floor in (measure_op if arguments.what == "op" else measure_step)(arguments):
        rows.setdefault((name, precision), []).append((theirs, mine, floor))
    info = ours("info", threads=arguments.threads)
    out = []
    for (name, precision), values in rows.items():
        theirs, mine = (statistics.median(v[i] for v in values) for i in (0, 1))
        ratio = statistics.median(v[0] / v[1] for v in values)
        floor = "" if values[0][2] is None else round(statistics.median(v[1] / v[2] for v in values), 3)
        print(f"{name:<34} {precision:<5} peer {theirs:.4f} s  ours {mine:.4f} s  ratio {ratio:.1f}  time / floor {floor}")
        out.append([name, precision, arguments.threads, len(values), f"{theirs:.5f}", f"{mine:.5f}", f"{ratio:.2f}", floor,
                    torch.__version__, info["commit"], info["machine"], datetime.date.today().isoformat()])
    if arguments.csv:
        header = ["measured", "precision", "threads", "rounds", "peer_seconds", "our_seconds", "ratio", "time_over_floor", "torch", "commit",
                  "machine", "date"]
        fresh = not os.path.exists(arguments.csv)
        with open(arguments.csv, "a", newline="") as file:
            csv.writer(file).writerows(([header] if fresh else []) + out)


if __name__ == "__main__":
    main()
