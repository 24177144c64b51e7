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
from torch.nn.attention import SDPBackend, sdpa_kernel


class Delta(ctypes.Structure):
    _fields_ = [("sequences", ctypes.c_int), ("length", ctypes.c_int), ("starts", ctypes.c_void_p), ("tokens", ctypes.c_int),
                ("key_heads", ctypes.c_int), ("value_heads", ctypes.c_int), ("key_dim", ctypes.c_int), ("value_dim", ctypes.c_int),
                ("query_scale", ctypes.c_float), ("write_beta", ctypes.c_int), ("unit_keys", ctypes.c_int), ("bf16", ctypes.c_int),
                ("version", ctypes.c_int)]


class Attention(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ("batch", "length", "heads", "head_dim", "bf16", "version")]


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
        alone = ctypes.c_size_t()
        self.call("separatrix_delta_alone_memory", ctypes.byref(self.sizes), ctypes.byref(alone))
        self.alone = torch.empty(alone.value, device=q.device)
        self.o = torch.empty_like(v)
        self.gradients = [torch.empty_like(x) for x in self.inputs]

    def forward(self):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        self.call("separatrix_delta_forward", ctypes.byref(self.sizes), *map(pointer, self.inputs), None, pointer(self.o), None,
                  pointer(self.saved), stream)
        return self.o

    def forward_alone(self):
        """As the peers' forward, which is timed without a gradient to come."""
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        self.call("separatrix_delta_forward_alone", ctypes.byref(self.sizes), *map(pointer, self.inputs), None, pointer(self.o),
                  None, pointer(self.alone), stream)
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
        torch.cuda._sleep(20_000_000)  # some 10 ms, in which the host queues f: launching is not what is timed
        start.record(), f(), end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def fla(q, k, v, g, beta):
    from fla.ops.gated_delta_rule import chunk_gated_delta_rule
    return chunk_gated_delta_rule(q, k, v, g, beta.to(q.dtype), use_qk_l2norm_in_kernel=True)[0]


def transformers_fallback(q, k, v, g, beta):
    from transformers.models.olmo_hybrid.modeling_olmo_hybrid import torch_chunk_gated_delta_rule
    return torch_chunk_gated_delta_rule(q, k, v, g=g, beta=beta, use_qk_l2norm_in_kernel=True)[0]


PEERS = {"fla": fla, "transformers": transformers_fallback}


def by_peer(peer):
    def run(inputs, d_o):
        leaves = [x.detach().requires_grad_() for x in inputs]
        o = peer(*leaves)
        return o, torch.autograd.grad(o, leaves, d_o.to(o.dtype))
    return run


def time_peer(row, name, f, leaves, d_o):
    """Milliseconds of f(*leaves) without gradient and of its backward pass, and how many times faster ours is.  What a peer does
    not do here (flash-linear-attention has no backward pass for some pairs of GPU and Triton) stands in the row in its own words."""
    leaves = [x.detach().requires_grad_() for x in leaves]

    def forward():
        with torch.no_grad():
            return f(*leaves)

    def backward():
        o = f(*leaves)
        return lambda: torch.autograd.grad(o, leaves, d_o.to(o.dtype), retain_graph=True)

    for half, prepare in (("forward", lambda: forward), ("backward", backward)):
        try:
            ms = milliseconds(prepare())
        except Exception as error:
            row[f"{name}_{half}_missing"] = in_one_line(error)
            continue
        row[f"{name}_{half}_ms"] = ms
        row[f"times_faster_than_{name}_{half}"] = ms / row[f"ours_{half}_ms"]


def in_one_line(error):
    return f"{type(error).__name__}: {error}".splitlines()[0]


def by_ours(ours):
    def run(inputs, d_o):
        ours.prepare(*inputs)
        return ours.forward(), ours.backward(d_o)
    return run


# batch, length, heads, key_dim, value_dim
SHAPES = {"study": (32, 1024, 4, 64, 64), "study 64/128": (32, 1024, 4, 64, 128), "7B": (1, 8192, 30, 96, 192),
          "d128": (1, 8192, 32, 128, 128)}


def delta_row(ours, name, shape, peers):
    """Errors at 300 tokens, then times; nothing is timed while ours is wrong."""
    row, dtype = {"shape": name}, torch.bfloat16
    small = (1, 300, 2, *shape[3:])
    for keys in (0, 5):
        row[f"error_ours_{keys or 'random'}_keys"] = errors(by_ours(ours), small, keys, dtype)
        for p in peers:
            try:
                row[f"error_{p}_{keys or 'random'}_keys"] = errors(by_peer(PEERS[p]), small, keys, dtype)
            except Exception as error:  # time_peer says why
                row[f"error_{p}_missing"] = in_one_line(error)
    worst = max(row["error_ours_random_keys"].values())
    if not worst < 0.05:
        raise SystemExit(f"{name}: ours is {worst:.2g} away from the recurrence: nothing is timed")
    inputs = draw(*shape, 0, dtype)
    d_o = torch.randn_like(inputs[2])
    ours.prepare(*inputs)
    row["ours_forward_ms"], row["ours_forward_kept_ms"] = milliseconds(ours.forward_alone), milliseconds(ours.forward)
    row["ours_backward_ms"] = milliseconds(lambda: ours.backward(d_o))
    for p in peers:
        theirs = [*inputs[:4], inputs[4].to(dtype)] if p == "fla" else inputs  # its beta is bf16; rounding it is not timed
        time_peer(row, p, PEERS[p], theirs, d_o)
    return row


def sdpa(q, k, v):
    return F.scaled_dot_product_attention(*(x.transpose(1, 2) for x in (q, k, v)), is_causal=True).transpose(1, 2)


# What torch has for causal attention, by precision.  cuDNN's is there to be measured: whether calling it would pay.
BACKENDS = {torch.bfloat16: {"flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION},
            torch.float32: {"efficient": SDPBackend.EFFICIENT_ATTENTION}}


def time_backends(row, dtype, q, k, v, d_o):
    for name, backend in BACKENDS[dtype].items():
        def attention(*leaves):
            with sdpa_kernel(backend):
                return sdpa(*leaves)
        time_peer(row, name, attention, [q, k, v], d_o)


def attention_row(ours, dtype, batch, length, heads, dim):
    """Ours beside torch's scaled_dot_product_attention, both in `dtype`; nothing is timed while ours is wrong."""
    q, k, v, d_o = (torch.randn(batch, length, heads, dim, device="cuda").to(dtype) for _ in range(4))
    o, lse, row_dots = torch.empty_like(q), *(torch.empty(batch, heads, length, device="cuda") for _ in range(2))
    gradients = [torch.empty_like(q) for _ in range(3)]
    sizes = Attention(batch, length, heads, dim, int(dtype == torch.bfloat16), 0)
    stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
    forward = lambda: ours.call("separatrix_attention_forward", ctypes.byref(sizes), *map(pointer, (q, k, v, o, lse)), stream)
    backward = lambda: ours.call("separatrix_attention_backward", ctypes.byref(sizes),
                                 *map(pointer, (q, k, v, o, lse, d_o, row_dots, *gradients)), stream)
    forward(), backward()
    leaves = [x.double().requires_grad_() for x in (q[:1], k[:1], v[:1])]
    truth = sdpa(*leaves)
    exact = torch.autograd.grad(truth, leaves, d_o[:1].double())
    row = {"attention": f"B{batch} T{length} H{heads} d{dim} {dtype}".replace("torch.", "")}
    for name, x, y in zip(("o", "dq", "dk", "dv"), (o, *gradients), (truth, *exact)):
        row[f"error_{name}"] = distance(x[:1], y)
    worst = max(value for name, value in row.items() if name.startswith("error"))
    if not worst < (1e-4 if dtype == torch.float32 else 0.02):
        raise SystemExit(f"{row['attention']}: ours is {worst:.2g} away from attention in double: nothing is timed")
    row["ours_forward_ms"], row["ours_backward_ms"] = milliseconds(forward), milliseconds(backward)
    time_backends(row, dtype, q, k, v, d_o)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", required=True)
    parser.add_argument("--version", type=int, default=0, help="0: the default one")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=["fla"], help="packages of this environment to compare with")
    parser.add_argument("--json", action="store_true", help="one list at the end instead of a row at a time")
    a = parser.parse_args()
    ours, report = Ours(a.library, a.version), []
    rows = [lambda name=name, shape=shape: delta_row(ours, name, shape, a.peers) for name, shape in SHAPES.items()]
    rows += [lambda dtype=dtype, shape=shape: attention_row(ours, dtype, *shape)
             for shape in ((32, 1024, 4, 64), (4, 1536, 16, 128)) for dtype in (torch.bfloat16, torch.float32)]
    for row in rows:
        report.append(row())
        if not a.json:
            print(json.dumps(report[-1], indent=1), flush=True)
    if a.json:
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
