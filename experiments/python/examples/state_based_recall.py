"""Train a model of one's own on state-based recall, and report it beside the floors.

    pip install . torch && python experiments/python/examples/state_based_recall.py --steps 300

The model is plain PyTorch but for the delta rule.  The task, its warm-up reveals and the floors are Separatrix's.
"""

import argparse

import torch
from torch import nn
from torch.nn.functional import cross_entropy, logsigmoid, normalize, pad, scaled_dot_product_attention, silu

import separatrix
from separatrix import tasks

TASK = dict(name="state_based_recall", bits_per_swap=4, numbers=32)
EASY = dict(warmup_reveals=4, warmup="mixed", spacing=1, reveal_variables=2, reveal_last=True, loss="answers")


class DeltaRule(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, dim = heads, width // heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gates = nn.Linear(width, 2 * heads)
        self.taps = nn.Parameter(torch.randn(3 * width, 1, 4) / 2)

    def forward(self, x):  # (batch, length, width)
        qkv = torch.cat([self.q(x), self.k(x), self.v(x)], -1).transpose(1, 2)
        qkv = silu(nn.functional.conv1d(pad(qkv, (3, 0)), self.taps, groups=qkv.shape[1])).transpose(1, 2)
        q, k, v = (part.unflatten(-1, (self.heads, -1)) for part in qkv.chunk(3, -1))
        g, b = self.gates(x).chunk(2, -1)
        o, _ = separatrix.delta_rule(normalize(q, dim=-1), normalize(k, dim=-1), v.contiguous(), logsigmoid(g + 4), 2 * b.sigmoid())
        return self.out(o.flatten(2))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        return self.out(scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class Model(nn.Module):
    def __init__(self, vocab: int, width: int = 64, heads: int = 4):
        super().__init__()
        mlp = lambda: nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        mixers = [Attention(width, heads), DeltaRule(width, heads), Attention(width, heads)]
        self.embed, self.head = nn.Embedding(vocab, width), nn.Linear(width, vocab)
        self.parts = nn.ModuleList(part for mixer in mixers for part in (mixer, mlp()))
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(len(self.parts) + 1))

    def forward(self, tokens):
        x = self.embed(tokens)
        for part, norm in zip(self.parts, self.norms):
            x = x + part(norm(x))
        return self.head(self.norms[-1](x))


@torch.no_grad()
def right(model: Model, batch: tasks.Batch) -> int:
    positions, ids = batch.last_answers()
    logits = model(torch.from_numpy(batch.tokens).long())
    chosen = logits[torch.arange(len(ids)), torch.from_numpy(positions).long() - 1].argmax(-1)
    return int((chosen.numpy() == ids).sum())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--difficulty", type=int, default=1, help="swaps; a shortcut answers all programs of one")
    a = parser.parse_args()
    torch.manual_seed(0)
    model = Model(len(tasks.task(**TASK).vocabulary))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.98))
    data = tasks.dataset(difficulty=a.difficulty, seed=1, size=64, batches=a.steps, **TASK, **EASY)
    for step, item in enumerate(data, 1):
        loss = cross_entropy(model(item["tokens"]).flatten(0, 1), item["targets"].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.3f}")
    fresh = tasks.batch(difficulty=a.difficulty, seed=2, size=512, strict=100, **TASK)  # without reveals
    print(f"{right(model, fresh)} of 512 fresh examples right at {a.difficulty} swaps; shortcuts:")
    for name, floor in sorted(tasks.floors(batch=fresh, **TASK).items(), key=lambda item: -item[1]):
        print(f"  {512 * floor:.0f} of 512  {name}")


if __name__ == "__main__":
    main()
