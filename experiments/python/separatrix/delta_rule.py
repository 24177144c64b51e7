"""The gated delta rule as a differentiable function of torch tensors on the CPU."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from . import _separatrix

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
    float32 runs the chunkwise SIMD kernel on all cores; float64 runs the definition token by token, for tests.
    Another dtype, device or shape raises separatrix.Error.
    """
    import torch

    tensors = [q, k, v, g, beta] + ([] if initial_state is None else [initial_state])
    if any(t.device.type != "cpu" for t in tensors):
        raise _separatrix.Error("delta rule: this build runs on CPU tensors; move them with .cpu()")
    if q.dtype not in (torch.float32, torch.float64) or any(t.dtype != q.dtype for t in tensors):
        raise _separatrix.Error("delta rule: wanted float32 or float64, the same for all tensors")
    if write not in ("beta", "plain"):
        raise _separatrix.Error(f"delta rule: write is 'beta' or 'plain', not {write!r}")
    if scale is None:
        scale = q.shape[-1] ** -0.5
    if q.dtype == torch.float64:  # the module's scale is a float
        q, scale = q * scale, 1.0
    return _function().apply(q, k, v, g, beta, initial_state, scale, write == "beta")


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
