"""Our program against flash-linear-attention, in both directions, in an environment without transformers' OlmoHybrid fallback.

    python -m venv /tmp/fla && /tmp/fla/bin/pip install -r models/io/interop/requirements_fla.txt
    /tmp/fla/bin/python models/io/interop/compare_fla.py --program build/experiments/separatrix

fla's kernels need a GPU.  What runs here is its naive recurrence, with the rest of its layer (fla/layers/gated_deltanet.py) written
out in torch; names and shapes of every tensor are checked by loading into fla's own GatedDeltaNetForCausalLM.  `in`: that class makes
and saves a random model, `separatrix import` reads it.  `out`: the program makes one and exports it.  Columns as in compare.py,
but that gradients, ours and (`own`) those through fla's recurrence in float32, are compared with the same layer in double: two
computations in float32 can be further from each other than either is from the truth.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from torch.nn import functional as F

warnings.filterwarnings("ignore")  # fla: no Triton here
from fla.models import GatedDeltaNetConfig, GatedDeltaNetForCausalLM
from fla.ops.gated_delta_rule.naive import naive_recurrent_gated_delta_rule

SEQUENCES, LENGTH, BAR = 3, 70, 1e-4
THEIRS = {
    "gdn": GatedDeltaNetConfig(vocab_size=23, hidden_size=24, num_heads=2, num_v_heads=4, head_dim=6, expand_v=1.5,
                               num_hidden_layers=2, intermediate_size=40, allow_neg_eigval=True),
    "gdn_plain": GatedDeltaNetConfig(vocab_size=23, hidden_size=20, num_heads=2, head_dim=5, expand_v=2, num_hidden_layers=2,
                                     intermediate_size=30, allow_neg_eigval=False, use_gate=False, conv_size=3, norm_eps=1e-5),
    "gdn_no_conv": GatedDeltaNetConfig(vocab_size=23, hidden_size=16, num_heads=1, head_dim=8, expand_v=1, num_hidden_layers=3,
                                       hidden_ratio=2, allow_neg_eigval=True, use_short_conv=False, tie_word_embeddings=True),
}
OURS = {
    "gdn": {"pattern": "GG", "width": 32, "heads": 2, "head_dim": 8, "hidden": 40},
    "gdn_narrow": {"pattern": "GGG", "width": 24, "heads": 3, "key_dim": 7, "expand_v": 1, "conv": 2, "neg_eigval": False,
                   "hidden": 36},
    "gdn_no_conv": {"pattern": "GG", "width": 20, "heads": 1, "head_dim": 12, "conv": 0, "hidden": 24},
}


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{program} {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def recurrence(q, k, v, beta, g):
    """fla's naive recurrence without its cast to float32."""
    q, outputs = q * q.shape[-1] ** -0.5, []
    state = q.new_zeros(q.shape[0], q.shape[2], q.shape[3], v.shape[3])
    for t in range(q.shape[1]):
        state = state * g[:, t, :, None, None].exp()
        u = beta[:, t, :, None] * (v[:, t] - torch.einsum("bhkv,bhk->bhv", state, k[:, t]))
        state = state + k[:, t, :, :, None] * u[:, :, None]
        outputs.append(torch.einsum("bhkv,bhk->bhv", state, q[:, t]))
    return torch.stack(outputs, 1), state


def norm(x, weight, eps):
    return weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)


def layer(w, at, c, x):
    """fla's GatedDeltaNet: w are all weights, at the prefix of its own, x (batch, length, width)."""

    def features(letter):
        y = F.linear(x, w[f"{at}{letter}_proj.weight"])
        if c.use_short_conv:
            taps = w[f"{at}{letter}_conv1d.weight"]
            y = F.conv1d(F.pad(y.transpose(1, 2), (taps.shape[-1] - 1, 0)), taps, groups=taps.shape[0]).transpose(1, 2)
        return F.silu(y)

    key_heads, value_heads = c.num_heads, c.num_v_heads or c.num_heads
    q, k = (features(letter).unflatten(-1, (key_heads, c.head_dim)) for letter in "qk")
    q, k = (y * torch.rsqrt(y.pow(2).sum(-1, keepdim=True) + 1e-6) for y in (q, k))
    q, k = (y.repeat_interleave(value_heads // key_heads, 2) for y in (q, k))
    v = features("v").unflatten(-1, (value_heads, -1))
    g = -w[at + "A_log"].exp() * F.softplus(F.linear(x, w[at + "a_proj.weight"]) + w[at + "dt_bias"])
    beta = F.linear(x, w[at + "b_proj.weight"]).sigmoid() * (2 if c.allow_neg_eigval else 1)
    rule = recurrence if x.dtype == torch.float64 else naive_recurrent_gated_delta_rule
    o = norm(rule(q, k, v, beta, g)[0], w[at + "o_norm.weight"], c.norm_eps).flatten(2)
    if c.use_gate:
        o = o * F.silu(F.linear(x, w[at + "g_proj.weight"]))
    return F.linear(o, w[at + "o_proj.weight"])


def forward(w, c, ids):
    x = w["model.embeddings.weight"][ids]
    for i in range(c.num_hidden_layers):
        at = f"model.layers.{i}."
        x = x + layer(w, at + "attn.", c, norm(x, w[at + "attn_norm.weight"], c.norm_eps))
        y = norm(x, w[at + "mlp_norm.weight"], c.norm_eps)
        y = F.silu(F.linear(y, w[at + "mlp.gate_proj.weight"])) * F.linear(y, w[at + "mlp.up_proj.weight"])
        x = x + F.linear(y, w[at + "mlp.down_proj.weight"])
    x = norm(x, w["model.norm.weight"], c.norm_eps)
    return F.linear(x, w["model.embeddings.weight" if c.tie_word_embeddings else "lm_head.weight"])


def draw(shape, name, generator):
    """A weight as training leaves them: every tensor has its say (as in compare.py)."""
    if name.endswith("A_log"):
        return torch.empty(shape).uniform_(0.1, 8, generator=generator).log()
    if name.endswith("dt_bias"):
        return torch.empty(shape).uniform_(-5, -1, generator=generator)
    noise = torch.randn(shape, generator=generator)
    if len(shape) == 1:
        return 1 + 0.2 * noise
    return noise * (1.0 if "embed" in name else (shape[-1] if len(shape) == 3 else shape[1]) ** -0.5)


class Theirs:
    def __init__(self, folder, tokens):
        self.config = c = GatedDeltaNetConfig.from_pretrained(folder)
        tensors = {name: torch.from_numpy(x) for name, x in load_file(folder / "model.safetensors").items()}
        model = GatedDeltaNetForCausalLM(c)
        missing, unexpected = model.load_state_dict(tensors, strict=False)
        if unexpected or set(missing) - ({"lm_head.weight"} if c.tie_word_embeddings else set()):
            raise SystemExit(f"{folder}: fla's model misses {missing} and does not know {unexpected}")
        self.loss, self.logits, self.gradients = self.run(tensors, tokens, torch.float32)
        self.truth = self.run(tensors, tokens, torch.float64)[2]
        self.own = max(relative(self.gradients[name], g) for name, g in self.truth.items())

    def run(self, tensors, tokens, dtype):
        w, ids = {name: x.to(dtype).requires_grad_() for name, x in tensors.items()}, torch.tensor(tokens)
        logits = forward(w, self.config, ids)
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        gradients = torch.autograd.grad(loss, list(w.values()))
        return loss.item(), logits.detach().numpy(), {name: g.numpy() for name, g in zip(w, gradients)}


def relative(x, truth):
    """The largest difference, relative to the largest element."""
    return float(np.abs(x - truth).max() / np.abs(truth).max())


def our_name(name):
    for theirs, ours in (("model.embeddings.", "model.embed_tokens."), (".attn_norm.", ".input_layernorm."),
                         (".mlp_norm.", ".post_attention_layernorm."), (".attn.", ".linear_attn.")):
        name = name.replace(theirs, ours)
    return name


def compare(row, program, theirs, checkpoint, tokens, work, scale):
    """`scale`: factor of their residual stream; tensors that add to it have gradients smaller by it."""
    lines, out, gradients = (work / n for n in ("tokens", "logits.safetensors", "gradients.safetensors"))
    lines.write_text("".join(" ".join(map(str, r)) + "\n" for r in tokens))
    passed = True
    for device in ("cpu", "reference"):
        run(program, "logits", checkpoint, "--tokens", lines, "--out", out, "--gradients", gradients, "--device", device)
        tensors, ours = load_file(out), load_file(gradients)
        logits = np.stack([tensors[f"logits.{i}"] for i in range(len(tokens))])
        if theirs.config.tie_word_embeddings:
            ours["model.embed_tokens.weight"] = ours["model.embed_tokens.weight"] + ours.pop("lm_head.weight")
        worst = (0.0, "")
        for name, g in theirs.truth.items():
            adds = any(part in name for part in ("embeddings", "o_proj", "down_proj"))
            worst = max(worst, (relative(ours[our_name(name)], g * (scale if adds else 1)), name))
        difference = float(np.abs(logits - theirs.logits).max())
        good = difference <= BAR and max(worst[0], theirs.own) <= BAR
        print(f"{row:<24} {device:<10} {difference:<10.2e} {worst[0]:<10.2e} {theirs.own:<10.2e} {'' if good else 'MISSED  '}{worst[1]}")
        passed &= good
    return passed


def make_theirs(config, folder, seed):
    model, generator = GatedDeltaNetForCausalLM(config), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(draw(parameter.shape, name, generator))
    model.save_pretrained(folder)


def make_ours(program, settings, folder, seed):
    config = folder / "config.toml"
    folder.mkdir()
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    config.write_text('[task]\nname = "recall"\nnumbers = 16\ndifficulty = 4\n[model]\n' + "\n".join(lines) +
                      "\n[train]\nsteps = 0\n[evaluate]\nsamples = 1\nselect_samples = 0\n")
    run(program, "train", config, "--out", folder / "run", "--quiet")
    path, generator = folder / "run" / "model.safetensors", torch.Generator().manual_seed(seed)
    with safe_open(path, "np") as file:
        metadata = file.metadata()
    save_file({name: draw(w.shape, name, generator).numpy() for name, w in load_file(path).items()}, path, metadata)
    return folder / "run"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the built program")
    parser.add_argument("--fixtures", type=Path, help="write the data of the tests to this folder")
    a = parser.parse_args()
    program, passed = str(Path(a.program).resolve()), True
    print(f"{'model':<24} {'device':<10} {'logits':<10} {'gradient':<10} {'own':<10} worst tensor")
    for seed, (name, config) in enumerate(THEIRS.items()):
        with tempfile.TemporaryDirectory() as directory:
            work = Path(directory)
            make_theirs(config, work / "theirs", seed)
            run(program, "import", work / "theirs", "--out", work / "ours")
            tokens = np.random.default_rng(seed).integers(0, config.vocab_size, (SEQUENCES, LENGTH)).tolist()
            theirs = Theirs(work / "theirs", tokens)
            passed &= compare(f"in  {name}", program, theirs, work / "ours", tokens, work, 1)
            if a.fixtures and name == "gdn":
                write_fixture(a.fixtures / "fla", work / "theirs", theirs, tokens)
    for seed, (name, settings) in enumerate(OURS.items()):
        with tempfile.TemporaryDirectory() as directory:
            work = Path(directory)
            checkpoint = make_ours(program, settings, work / "make", 100 + seed)
            run(program, "export", checkpoint, "--format", "fla", "--out", work / "theirs")
            config = json.loads((work / "theirs" / "config.json").read_text())
            tokens = np.random.default_rng(100 + seed).integers(0, config["vocab_size"], (SEQUENCES, LENGTH)).tolist()
            passed &= compare(f"out {name}", program, Theirs(work / "theirs", tokens), checkpoint, tokens, work, 10**0.5)
    return 0 if passed else 1


def write_fixture(target, folder, theirs, tokens):
    target.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors"):
        (target / name).write_bytes((folder / name).read_bytes())
    data = {"tokens": np.array(tokens, np.int32), "logits": theirs.logits}
    data |= {f"gradient.{our_name(name)}": gradient for name, gradient in theirs.gradients.items()}
    save_file({name: np.ascontiguousarray(x) for name, x in data.items()}, target / "expected.safetensors", {"loss": repr(theirs.loss)})


if __name__ == "__main__":
    torch.manual_seed(0)
    sys.exit(main())
