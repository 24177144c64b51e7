"""The delta rule on CUDA tensors.  Without a GPU its wrapper runs on CPU tensors over the kernels in emulation:

    cmake --build build --target separatrix_emulated_c
    SEPARATRIX_KERNELS=build/tests/libseparatrix_emulated_c.so pytest tests/experiments/python/test_cuda.py
"""

import os
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import separatrix
from separatrix import _cuda
from test_torch import both_gradients, inputs, naive

emulated = pytest.mark.skipif("emulated" not in os.environ.get("SEPARATRIX_KERNELS", ""), reason="SEPARATRIX_KERNELS names no emulation")
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
built_with_cuda = Path(_cuda.__file__).with_name("libseparatrix_kernels.so").exists() or bool(os.environ.get("SEPARATRIX_KERNELS"))


def check(function, shape, write, device):
    """As near to the truth as the naive recurrence in float32 (the yardstick of tests/kernels/support.h)."""
    single = [x.detach().to(device).requires_grad_() for x in inputs(*shape, torch.float32)]
    exact = [x.detach().double().requires_grad_() for x in single]
    scale = shape[4] ** -0.5
    generator = torch.Generator().manual_seed(1)
    d_o, d_last = (torch.randn(x.shape, generator=generator).to(device) for x in (single[2], single[5]))
    truth = both_gradients(lambda *x: naive(*x, scale, write), exact, d_o.double(), d_last.double())
    plain = both_gradients(lambda *x: naive(*x, scale, write), single, d_o, d_last)
    kernel = both_gradients(lambda *x: function(*x, scale, write), single, d_o, d_last)
    flat = lambda results: [results[0], results[1], *results[2]]
    for a, b, t in zip(flat(kernel), flat(plain), flat(truth)):
        unavoidable = 2.0**-24 * t.abs().max()
        assert (a - t).abs().max() <= 4 * ((b - t).abs().max() + unavoidable)


SHAPES = [(2, 70, 2, 2, 6, 9), (1, 33, 1, 3, 16, 32), (1, 1, 2, 4, 5, 3)]


@emulated
@pytest.mark.parametrize("write", ["beta", "plain"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_wrapper_over_emulated_kernels_is_the_naive_recurrence_with_its_gradients(shape, write):
    check(lambda *x: _cuda.function().apply(*x[:6], x[6], x[7] == "beta"), shape, write, "cpu")


@emulated
def test_without_a_state_the_wrapper_begins_at_zero():
    q, k, v, g, beta, state = inputs(2, 5, 2, 2, 4, 4, torch.float32)
    o, last = _cuda.function().apply(q, k, v, g, beta, None, 0.5, True)
    o_zero, last_zero = _cuda.function().apply(q, k, v, g, beta, torch.zeros_like(state), 0.5, True)
    assert torch.equal(o, o_zero) and torch.equal(last, last_zero)
    o.sum().backward()
    assert all(x.grad is not None for x in (q, k, v, g, beta)) and state.grad is None


@on_gpu
@pytest.mark.skipif(not built_with_cuda, reason="built without CUDA")
@pytest.mark.parametrize("write", ["beta", "plain"])
@pytest.mark.parametrize("shape", SHAPES)
def test_cuda_tensors_are_the_naive_recurrence_with_its_gradients(shape, write):
    check(lambda *x: separatrix.delta_rule(*x[:6], scale=x[6], write=x[7]), shape, write, "cuda")


@pytest.mark.skipif(built_with_cuda, reason="built with CUDA")
def test_a_build_without_cuda_says_how_to_get_one():
    tensors = inputs(1, 3, 1, 1, 2, 2, torch.float32)
    with pytest.raises(separatrix.Error, match="SEPARATRIX_CUDA=ON") as error:
        _cuda.function().apply(*tensors, 1.0, True)
    assert "\n" not in str(error.value)


def test_a_library_that_cannot_be_loaded_is_one_line(tmp_path, monkeypatch):
    bad = tmp_path / "emulated.so"
    bad.write_text("no library")
    monkeypatch.setenv("SEPARATRIX_KERNELS", str(bad))
    with pytest.raises(separatrix.Error, match="cannot load") as error:
        _cuda.function().apply(*inputs(1, 3, 1, 1, 2, 2, torch.float32), 1.0, True)
    assert "\n" not in str(error.value)


def test_tensors_on_other_devices_are_refused():
    q, k, v, g, beta, _ = (x.detach() for x in inputs(1, 3, 1, 1, 2, 2, torch.float32))
    for tensors in ((q.to("meta"), k, v, g, beta), tuple(x.to("meta") for x in (q, k, v, g, beta))):
        with pytest.raises(separatrix.Error, match="on the CPU or on one CUDA device"):
            separatrix.delta_rule(*tensors)
