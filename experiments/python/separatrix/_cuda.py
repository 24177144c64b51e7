"""The delta rule on CUDA tensors, by the C interface of the kernels (kernels/cuda/c_api.h).  Unverified on a GPU.

The library lies beside this file where the package was built with CUDA; SEPARATRIX_KERNELS names another one.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ._separatrix import Error

if TYPE_CHECKING:
    import torch


class _Sizes(ctypes.Structure):
    """separatrix_delta"""

    _fields_ = [("sequences", ctypes.c_int), ("length", ctypes.c_int), ("starts", ctypes.c_void_p), ("tokens", ctypes.c_int),
                ("key_heads", ctypes.c_int), ("value_heads", ctypes.c_int), ("key_dim", ctypes.c_int), ("value_dim", ctypes.c_int),
                ("query_scale", ctypes.c_float), ("write_beta", ctypes.c_int), ("unit_keys", ctypes.c_int), ("bf16", ctypes.c_int),
                ("version", ctypes.c_int)]


@cache
def _library(path: str) -> ctypes.CDLL:
    if not Path(path).exists():
        raise Error("delta rule: this build has no CUDA kernels; move the tensors with .cpu(), or build where nvcc is installed: "
                    "pip install . -C cmake.define.SEPARATRIX_CUDA=ON")
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise Error(f"delta rule: cannot load {path}: {error}") from None
    library.separatrix_error.restype = ctypes.c_char_p
    return library


def _call(name: str, *arguments) -> None:
    path = os.environ.get("SEPARATRIX_KERNELS") or str(Path(__file__).with_name("libseparatrix_kernels.so"))
    library = _library(path)
    if getattr(library, name)(*arguments) != 0:
        raise Error(library.separatrix_error().decode())


def _pointer(x: "torch.Tensor | None") -> ctypes.c_void_p:
    return ctypes.c_void_p(None if x is None else x.data_ptr())


def _stream(x: "torch.Tensor") -> ctypes.c_void_p:
    import torch

    return ctypes.c_void_p(torch.cuda.current_stream(x.device).cuda_stream if x.is_cuda else None)


def _sizes(q: "torch.Tensor", v: "torch.Tensor", scale: float, write_beta: bool) -> _Sizes:
    batch, length, key_heads, key_dim = q.shape
    return _Sizes(batch, length, None, batch * length, key_heads, v.shape[2], key_dim, v.shape[3], scale, write_beta, 0, 0, 0)


def _memory(sizes: _Sizes) -> tuple[int, int]:
    """Floats kept for the backward pass, and floats of its scratch."""
    saved, scratch = ctypes.c_size_t(), ctypes.c_size_t()
    _call("separatrix_delta_memory", ctypes.byref(sizes), ctypes.byref(saved), ctypes.byref(scratch))
    return saved.value, scratch.value


@cache
def function() -> type:
    """A torch.autograd.Function of (q, k, v, g, beta, state or None, scale, write_beta), float32; shapes as in delta_rule, which
    has checked them."""
    import torch

    class CudaDeltaRule(torch.autograd.Function):
        @staticmethod
        def forward(ctx, q, k, v, g, beta, state, scale, write_beta):
            inputs = [None if t is None else t.detach().contiguous() for t in (q, k, v, g, beta, state)]
            ctx.sizes = _sizes(q, v, scale, write_beta)
            saved = q.new_empty(_memory(ctx.sizes)[0])
            o = v.new_empty(v.shape)
            last = v.new_empty((q.shape[0], v.shape[2], q.shape[3], v.shape[3]))
            with torch.cuda.device_of(q):
                _call("separatrix_delta_forward", ctypes.byref(ctx.sizes), *map(_pointer, inputs), _pointer(o), _pointer(last),
                      _pointer(saved), _stream(q))
            ctx.save_for_backward(*inputs, saved)
            return o, last

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, d_o, d_last):
            *inputs, saved = ctx.saved_tensors
            d_o, d_last = d_o.contiguous(), d_last.contiguous()
            gradients = [None if t is None else torch.empty_like(t) for t in inputs]
            scratch = d_o.new_empty(_memory(ctx.sizes)[1])
            with torch.cuda.device_of(d_o):
                _call("separatrix_delta_backward", ctypes.byref(ctx.sizes), *map(_pointer, inputs), _pointer(saved), _pointer(d_o),
                      _pointer(d_last), *map(_pointer, gradients), _pointer(scratch), _stream(d_o))
            return (*gradients, None, None)

    return CudaDeltaRule
