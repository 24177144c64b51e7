"""The gated delta rule as a differentiable function of torch tensors."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from . import _cuda, _separatrix

if TYPE_CHECKING:
    import torch


def delta_rule(
    q: "torch.Tensor",
    k: "torch.Tensor",
    v: "torch.Tensor",
    g: "torch.Tensor",
    beta: "torch.Tensor",
    initial_state: "torch.Tensor | None" = None,
    *,
    scale: float | None = None,
    write: str = "beta",
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Per sequence and value head, with state S (key_dim, value_dim) and alpha = exp(g):

        S <- alpha S;   S <- S + beta k (v - S^T k)^T   [write="beta": production]
                        S <- S + k (v - beta S^T k)^T   [write="plain": paper, Definition 1]
        o = scale S^T q

    q, k: (batch, length, key_heads, key_dim).  v: (batch, length, value_heads, value_dim); value head h reads key head
    h // (value_heads // key_heads).  g <= 0 and beta: (batch, length, value_heads).  initial_state: (batch, value_heads,
    key_dim, value_dim), zero when None.  scale: key_dim ** -0.5 when None.

    Returns o, shaped as v, and the state after the last token.  Differentiable once with respect to every tensor.
    On the CPU float32 runs the chunkwise SIMD kernel on all cores; float64 runs the definition token by token, for tests.
    CUDA tensors, float32, need a package built with CUDA (`pip install . -C cmake.define.SEPARATRIX_CUDA=ON`; unverified on a GPU).
    Another dtype, device or shape raises separatrix.Error.
    """
    import torch

    tensors = [q, k, v, g, beta] + ([] if initial_state is None else [initial_state])
    device = q.device
    if device.type not in ("cpu", "cuda") or any(t.device != device for t in tensors):
        raise _separatrix.Error("delta rule: wanted all tensors on the CPU or on one CUDA device; move them with .to()")
    known = (torch.float32, torch.float64) if device.type == "cpu" else (torch.float32,)
    if q.dtype not in known or any(t.dtype != q.dtype for t in tensors):
        raise _separatrix.Error(f"delta rule: wanted {' or '.join(map(str, known))} on {device.type}, the same for all tensors")
    _check_shapes(*tensors)
    if write not in ("beta", "plain"):
        raise _separatrix.Error(f"delta rule: write is 'beta' or 'plain', not {write!r}")
    if scale is None:
        scale = q.shape[-1] ** -0.5
    if device.type == "cuda":
        return _cuda.function().apply(q, k, v, g, beta, initial_state, scale, write == "beta")
    if q.dtype == torch.float64:  # the module's scale is a float
        q, scale = q * scale, 1.0
    return _function().apply(q, k, v, g, beta, initial_state, scale, write == "beta")


def _check_shapes(q, k, v, g, beta, state=None) -> None:
    def want(holds: bool, what: str) -> None:
        if not holds:
            raise _separatrix.Error(f"delta rule: {what}")

    want(q.ndim == k.ndim == v.ndim == 4, "q, k, v have four axes: batch, length, heads, dimension")
    want(q.shape == k.shape, f"q and k have the same shape, not {tuple(q.shape)} and {tuple(k.shape)}")
    want(q.shape[:2] == v.shape[:2], "q and v have the same batch and length")
    want(g.shape == beta.shape == v.shape[:3], f"g and beta are (batch, length, value_heads), here {tuple(v.shape[:3])}")
    want(q.numel() > 0 and v.numel() > 0, "no axis is empty")
    want(v.shape[2] % q.shape[2] == 0, "the value heads are a multiple of the key heads")
    wanted = (q.shape[0], v.shape[2], q.shape[3], v.shape[3])
    want(state is None or state.shape == wanted, f"the state is (batch, value_heads, key_dim, value_dim), here {wanted}")


@cache
def _function() -> type:
    import torch

    def array(t: "torch.Tensor | None"):
        return None if t is None else t.detach().contiguous().numpy()

    class DeltaRule(torch.autograd.Function):
        @staticmethod
        def forward(ctx, q, k, v, g, beta, state, scale, write_beta):
            o, last, saved = _separatrix.delta_rule_forward(*map(array, (q, k, v, g, beta, state)), scale, write_beta)
            ctx.save_for_backward(q, k, v, g, beta, state)
            ctx.rest = (scale, write_beta, saved)
            return torch.from_numpy(o), torch.from_numpy(last)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, d_o, d_last):
            inputs = ctx.saved_tensors
            gradients = _separatrix.delta_rule_backward(*map(array, inputs), *ctx.rest, array(d_o), array(d_last))
            tensors = [torch.from_numpy(x) for x in gradients]
            if inputs[5] is None:
                tensors[5] = None
            return (*tensors, None, None)

    return DeltaRule
