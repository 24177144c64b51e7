"""Our CUDA kernels beside flash-linear-attention and PyTorch, on the same tensors in one process.  Never run so far.

    python -m venv env && env/bin/pip install -r kernels/bench/cuda_requirements.txt
    env/bin/python kernels/bench/cuda_peers.py --library build-cuda/carry/libseparatrix_kernels.so

Ours is loaded by its C interface (kernels/cuda/c_api.h).  Nothing is timed before it agrees with a token recurrence in double.
"""
import argparse
import ctypes
import json
import statistics

import torch
import torch.nn.functional as F


class Delta(ctypes.Structure):
    _fields_ = [("sequences", ctypes.c_int), ("length", ctypes.c_int), ("starts", ctypes.c_void_p), ("tokens", ctypes.c_int),
                ("key_heads", ctypes.c_int), ("value_heads", ctypes.c_int), ("key_dim", ctypes.c_int), ("value_dim", ctypes.c_int),
                ("query_scale", ctypes.c_float), ("write_beta", ctypes.c_int), ("unit_keys", ctypes.c_int), ("bf16", ctypes.c_int),
                ("version", ctypes.c_int)]


def pointer(x):
    return ctypes.c_void_p(0 if x is None else x.data_ptr())


class Ours:
    """The gated delta rule of the library; tensors (batch, length, heads, dim), states fp32."""

    def __init__(self, library, version):
        self.library = ctypes.CDLL(library)
        self.library.separatrix_error.restype = ctypes.c_char_p
        self.version = version

    def call(self, name, *arguments):
        if getattr(self.library, name)(*arguments) != 0:
            raise RuntimeError(self.library.separatrix_error().decode())

    def prepare(self, q, k, v, g, beta):
        batch, length, heads, key_dim = q.shape
        self.inputs = [q, k, v, g, beta]
        self.sizes = Delta(batch, length, None, batch * length, heads, heads, key_dim, v.shape[-1], key_dim**-0.5, 1, 1,
                           int(q.dtype == torch.bfloat16), self.version)
        saved, scratch = ctypes.c_size_t(), ctypes.c_size_t()
        self.call("separatrix_delta_memory", ctypes.byref(self.sizes), ctypes.byref(saved), ctypes.byref(scratch))
        self.saved = torch.empty(saved.value, device=q.device)
        self.scratch = torch.empty(scratch.value, device=q.device)
        self.o = torch.empty_like(v)
        self.gradients = [torch.empty_like(x) for x in self.inputs]

    def forward(self):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        self.call("separatrix_delta_forward", ctypes.byref(self.sizes), *map(pointer, self.inputs), None, pointer(self.o), None,
                  pointer(self.saved), stream)
        return self.o

    def backward(self, d_o):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        self.call("separatrix_delta_backward", ctypes.byref(self.sizes), *map(pointer, self.inputs), None, pointer(self.saved),
                  pointer(d_o), None, *map(pointer, self.gradients), None, pointer(self.scratch), stream)
        return self.gradients


def recurrence(q, k, v, g, beta):
    """Token by token in double (kernels/gated_delta_rule/delta.h), unit q and k, with autograd."""
    unit = [x.double() / (x.double().pow(2).sum(-1, keepdim=True) + 1e-6).sqrt() for x in (q, k)]
    q, k, v, g, beta = unit[0] * q.shape[-1]**-0.5, unit[1], v.double(), g.double(), beta.double()
    state = torch.zeros(*q.shape[:1], *q.shape[2:], v.shape[-1], dtype=torch.double, device=q.device)
    outputs = []
    for t in range(q.shape[1]):
        state = state * g[:, t].exp()[..., None, None]
        u = beta[:, t][..., None] * (v[:, t] - torch.einsum("bhkv,bhk->bhv", state, k[:, t]))
        state = state + torch.einsum("bhk,bhv->bhkv", k[:, t], u)
        outputs.append(torch.einsum("bhkv,bhk->bhv", state, q[:, t]))
    return torch.stack(outputs, 1)


def draw(batch, length, heads, key_dim, value_dim, distinct, dtype):
    """Inputs with beta up to 2; `distinct` keys (0: every token its own)."""
    generator = torch.Generator("cuda").manual_seed(0)
    normal = lambda *shape: torch.randn(*shape, device="cuda", generator=generator)
    q, k, v = normal(batch, length, heads, key_dim), normal(batch, length, heads, key_dim), normal(batch, length, heads, value_dim)
    if distinct:
        k = k[:, torch.randint(distinct, (length,), device="cuda", generator=generator)]
    beta = 2 * normal(batch, length, heads).sigmoid()
    g = -0.05 * normal(batch, length, heads).exp()
    return [x.to(dtype) for x in (q, k, v)] + [g, beta]


def distance(x, truth):
    return float((x.double() - truth).norm() / truth.norm())


def errors(run, shape, distinct, dtype):
    inputs = draw(*shape, distinct, dtype)
    leaves = [x.detach().double().requires_grad_() for x in inputs]
    truth = recurrence(*leaves)
    d_o = torch.randn_like(truth).to(dtype)
    gradients = torch.autograd.grad(truth, leaves, d_o.double())
    o, ours = run(inputs, d_o)
    return {name: distance(x, y) for name, x, y in zip(["o", "dq", "dk", "dv", "dg", "dbeta"], [o, *ours], [truth, *gradients])}


def milliseconds(f, repeats=50):
    for _ in range(5):
        f()
    times = []
    for _ in range(repeats):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record(), f(), end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def by_fla_forward(inputs):
    from fla.ops.gated_delta_rule import chunk_gated_delta_rule
    q, k, v, g, beta = inputs
    return chunk_gated_delta_rule(q, k, v, g, beta.to(q.dtype), use_qk_l2norm_in_kernel=True)[0]


def by_fla(inputs, d_o):
    leaves = [x.detach().requires_grad_() for x in inputs]
    o = by_fla_forward(leaves)
    return o, torch.autograd.grad(o, leaves, d_o)


def by_ours(ours):
    def run(inputs, d_o):
        ours.prepare(*inputs)
        return ours.forward(), ours.backward(d_o)
    return run


# batch, length, heads, key_dim, value_dim
SHAPES = {"study": (32, 1024, 4, 64, 64), "study 64/128": (32, 1024, 4, 64, 128), "7B": (1, 8192, 30, 96, 192),
          "d128": (1, 8192, 32, 128, 128)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", required=True)
    parser.add_argument("--version", type=int, default=0, help="0: the default one")
    parser.add_argument("--json", action="store_true")
    a = parser.parse_args()
    ours, dtype, report = Ours(a.library, a.version), torch.bfloat16, []
    for name, (batch, length, heads, key_dim, value_dim) in SHAPES.items():
        row = {"shape": name}
        for keys in (0, 5):
            small = (1, 300, 2, key_dim, value_dim)
            row[f"error_ours_{keys or 'random'}_keys"] = errors(by_ours(ours), small, keys, dtype)
            row[f"error_fla_{keys or 'random'}_keys"] = errors(by_fla, small, keys, dtype)
        worst = max(row["error_ours_random_keys"].values())
        if not worst < 0.05:
            raise SystemExit(f"{name}: ours is {worst:.2g} away from the recurrence: nothing is timed")
        inputs = draw(batch, length, heads, key_dim, value_dim, 0, dtype)
        d_o = torch.randn_like(inputs[2])
        ours.prepare(*inputs)
        row["ours_forward_ms"], row["ours_backward_ms"] = milliseconds(ours.forward), milliseconds(lambda: ours.backward(d_o))
        leaves = [x.detach().requires_grad_() for x in inputs]
        with torch.no_grad():
            row["fla_forward_ms"] = milliseconds(lambda: by_fla_forward(inputs))
        o = by_fla_forward(leaves)
        row["fla_backward_ms"] = milliseconds(lambda: torch.autograd.grad(o, leaves, d_o, retain_graph=True))
        row["times_faster_forward"] = row["fla_forward_ms"] / row["ours_forward_ms"]
        row["times_faster_backward"] = row["fla_backward_ms"] / row["ours_backward_ms"]
        q = torch.randn(batch, heads, length, 64, device="cuda", dtype=dtype)
        row["sdpa_64_forward_ms"] = milliseconds(lambda: F.scaled_dot_product_attention(q, q, q, is_causal=True))
        report.append(row)
        if not a.json:
            print(json.dumps(row, indent=1))
    if a.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
