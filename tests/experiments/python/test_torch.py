"""The parts of the package that hand over torch tensors; skipped where torch is not installed."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import separatrix
from separatrix import tasks


def inputs(batch, length, key_heads, value_heads, key_dim, value_dim, dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    unit = torch.nn.functional.normalize
    tensors = (
        unit(normal(batch, length, key_heads, key_dim), dim=-1),
        unit(normal(batch, length, key_heads, key_dim), dim=-1),
        normal(batch, length, value_heads, value_dim),
        torch.nn.functional.logsigmoid(normal(batch, length, value_heads)),
        2 * torch.sigmoid(normal(batch, length, value_heads)),
        normal(batch, value_heads, key_dim, value_dim),
    )
    return [t.to(dtype).requires_grad_() for t in tensors]


def naive(q, k, v, g, beta, state, scale, write="beta"):
    """The recurrence, one token at a time, in torch."""
    repeat = v.shape[2] // q.shape[2]
    q, k = q.repeat_interleave(repeat, 2), k.repeat_interleave(repeat, 2)
    out = []
    for t in range(q.shape[1]):
        state = state * g[:, t].exp()[..., None, None]
        read = torch.einsum("bhkv,bhk->bhv", state, k[:, t])
        b = beta[:, t, :, None]
        error = b * (v[:, t] - read) if write == "beta" else v[:, t] - b * read
        state = state + k[:, t, :, :, None] * error[:, :, None, :]
        out.append(scale * torch.einsum("bhkv,bhk->bhv", state, q[:, t]))
    return torch.stack(out, 1), state


def both_gradients(function, tensors, d_o, d_last):
    o, last = function(*tensors)
    loss = (o * d_o).sum() + (last * d_last).sum()
    return o, last, torch.autograd.grad(loss, tensors)


@pytest.mark.parametrize("write", ["beta", "plain"])
def test_gradcheck_of_the_definition_in_double(write):
    tensors = inputs(1, 3, 1, 2, 2, 3, torch.float64)
    assert torch.autograd.gradcheck(lambda *x: separatrix.delta_rule(*x, write=write), tensors)


@pytest.mark.parametrize("write", ["beta", "plain"])
@pytest.mark.parametrize("shape", [(2, 70, 2, 2, 6, 9), (1, 33, 1, 3, 16, 32), (1, 1, 2, 4, 5, 3)])
def test_double_and_float_are_the_naive_recurrence_with_its_gradients(shape, write):
    exact = inputs(*shape, torch.float64)
    scale = shape[4] ** -0.5
    d_o, d_last = torch.randn_like(exact[2]), torch.randn_like(exact[5])
    truth = both_gradients(lambda *x: naive(*x, scale, write), exact, d_o, d_last)
    double = both_gradients(lambda *x: separatrix.delta_rule(*x, write=write), exact, d_o, d_last)
    single = [x.detach().float().requires_grad_() for x in exact]
    rounded = [x.detach().double().requires_grad_() for x in single]  # what the kernel is given
    truth_of_rounded = both_gradients(lambda *x: naive(*x, scale, write), rounded, d_o.float().double(), d_last.float().double())
    plain = both_gradients(lambda *x: naive(*x, scale, write), single, d_o.float(), d_last.float())
    kernel = both_gradients(lambda *x: separatrix.delta_rule(*x, write=write), single, d_o.float(), d_last.float())
    flat = lambda results: [results[0], results[1], *results[2]]
    for a, b in zip(flat(double), flat(truth)):
        torch.testing.assert_close(a, b)  # torch's own tolerance for double
    # The kernel is as near to the truth as the naive recurrence in float (the yardstick of tests/kernels/support.h).
    for a, b, t in zip(flat(kernel), flat(plain), flat(truth_of_rounded)):
        unavoidable = 2.0**-24 * t.abs().max()
        assert (a - t).abs().max() <= 4 * ((b - t).abs().max() + unavoidable)


def test_without_a_state_it_begins_at_zero():
    q, k, v, g, beta, state = inputs(2, 5, 2, 2, 4, 4, torch.float32)
    o, last = separatrix.delta_rule(q, k, v, g, beta)
    o_zero, last_zero = separatrix.delta_rule(q, k, v, g, beta, torch.zeros_like(state))
    assert torch.equal(o, o_zero) and torch.equal(last, last_zero)
    o.sum().backward()
    assert all(x.grad is not None for x in (q, k, v, g, beta)) and state.grad is None


def test_two_halves_are_the_whole():
    q, k, v, g, beta, state = (x.detach() for x in inputs(1, 9, 1, 2, 4, 6, torch.float64))
    whole, last = separatrix.delta_rule(q, k, v, g, beta, state)
    first, between = separatrix.delta_rule(*(x[:, :4] for x in (q, k, v, g, beta)), state)
    second, end = separatrix.delta_rule(*(x[:, 4:] for x in (q, k, v, g, beta)), between)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(end, last)


def test_wrong_tensors_are_refused_in_one_line():
    q, k, v, g, beta, state = inputs(1, 3, 2, 2, 4, 4, torch.float32)
    for call in (
        lambda: separatrix.delta_rule(q, k[..., :3], v, g, beta),
        lambda: separatrix.delta_rule(q, k, v, g[..., None], beta),
        lambda: separatrix.delta_rule(q, k, v[:, :, :1], g[..., :1], beta[..., :1]),
        lambda: separatrix.delta_rule(q, k, v, g, beta, state[..., :2]),
        lambda: separatrix.delta_rule(q.double(), k, v, g, beta),
        lambda: separatrix.delta_rule(q.half(), k.half(), v.half(), g.half(), beta.half()),
        lambda: separatrix.delta_rule(q, k, v, g, beta, write="both"),
    ):
        with pytest.raises(separatrix.Error) as error:
            call()
        assert "\n" not in str(error.value)


def test_the_dataset_is_the_same_with_and_without_workers():
    data = tasks.dataset("recall", 6, seed=2, size=4, batches=5)
    alone = list(torch.utils.data.DataLoader(data, batch_size=None))
    assert len(alone) == 5
    for i, item in enumerate(alone):
        batch = tasks.batch("recall", 6, seed=2, index=4 * i, size=4)
        np.testing.assert_array_equal(item["tokens"].numpy(), batch.tokens)
        counted = item["targets"][:, :-1] != -100
        np.testing.assert_array_equal(counted.numpy(), batch.loss_mask[:, 1:] != 0)
        assert torch.equal(item["targets"][:, :-1][counted], item["tokens"][:, 1:][counted])
        assert (item["targets"][:, -1] == -100).all()
    shared = list(torch.utils.data.DataLoader(data, batch_size=None, num_workers=2))
    key = lambda item: item["tokens"].numpy().tobytes()
    assert sorted(map(key, shared)) == sorted(map(key, alone))
