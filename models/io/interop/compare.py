"""Our program against transformers, in both directions.

    python -m venv /tmp/interop && /tmp/interop/bin/pip install -r models/io/interop/requirements.txt
    /tmp/interop/bin/python models/io/interop/compare.py --program build/experiments/separatrix

`in`: transformers makes a random model and saves it; `separatrix import` reads it.  `out`: the program makes one, `separatrix export`
writes it, transformers opens it.  Each row is one model: the largest difference of the logits in fp32; the share of positions where
its bf16 chooses our token, beside `own`, the share where it chooses the token that transformers itself chooses in fp32 from the same
bf16 weights (a random model's best tokens are close, so that bf16 alone changes some; a trained one is the test); greedy tokens one
by one with cache; and the worst gradient, relative to the largest element of its tensor.  Ends with 1 when a row misses a bar.
--fixtures DIR writes the data that tests/models/hub_test.cpp reads.  --trained RUN --difficulty N exports that run and asks both for
256 samples of its task: the same answers, sample by sample; in bf16 the same tokens at 99.5 % of all answers.  The share of all
positions stands beside its `own`: what a model trained on answers alone says elsewhere is close to a draw.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

SEQUENCES, LENGTH, PROMPT, NEW = 3, 70, 5, 24
BARS = {"logits": 1e-4, "bf16": 0.995, "gradient": 1e-4}

THEIRS = {
    "hybrid_nope": transformers.OlmoHybridConfig(
        vocab_size=29, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2,
        layer_types=["linear_attention", "full_attention"], linear_key_head_dim=6, linear_value_head_dim=12,
        rope_parameters={"rope_theta": None}, pad_token_id=None, eos_token_id=None),
    "hybrid_rope_tied": transformers.OlmoHybridConfig(
        vocab_size=31, hidden_size=24, intermediate_size=36, num_hidden_layers=4, num_attention_heads=2,
        layer_types=["linear_attention", "full_attention", "linear_attention", "linear_attention"], linear_num_key_heads=2,
        linear_num_value_heads=4, linear_key_head_dim=5, linear_value_head_dim=7, linear_conv_kernel_dim=3,
        linear_allow_neg_eigval=False, rope_parameters={"rope_theta": 500.0, "rope_type": "default"}, rms_norm_eps=1e-5,
        tie_word_embeddings=True, pad_token_id=None, eos_token_id=None),
    "transformer": transformers.Olmo2Config(
        vocab_size=27, hidden_size=30, intermediate_size=44, num_hidden_layers=2, num_attention_heads=3,
        rope_parameters={"rope_theta": 10000.0, "rope_type": "default"}, pad_token_id=None, eos_token_id=None),
}
OURS = {
    "hybrid_nope": ("olmo_hybrid", {"pattern": "GA", "position": "none", "width": 32, "heads": 2, "head_dim": 8, "hidden": 40}),
    "hybrid_rope": ("olmo_hybrid", {"pattern": "AGGA", "position": "rope", "width": 24, "heads": 2, "head_dim": 10, "delta_heads": 3,
                                    "key_dim": 7, "expand_v": 1, "conv": 2, "neg_eigval": False, "hidden": 36}),
    "transformer": ("olmo2", {"pattern": "AAA", "position": "rope", "rope_theta": 500, "width": 24, "heads": 3, "head_dim": 8,
                              "hidden": 36}),
}


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{program} {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def draw(shape, name, generator):
    """A weight as training leaves them: every tensor has its say."""
    if name.endswith("A_log"):
        return torch.empty(shape).uniform_(0.1, 8, generator=generator).log()
    if name.endswith("dt_bias"):
        return torch.empty(shape).uniform_(-5, -1, generator=generator)
    noise = torch.randn(shape, generator=generator)
    if len(shape) == 1:
        return 1 + 0.2 * noise
    return noise * (1.0 if "embed" in name else (shape[-1] if len(shape) == 3 else shape[1]) ** -0.5)


def our_gradients(model):
    """Gradients of a transformers model under our names; fused convolutions are cut in three."""
    gradients = {}
    for name, parameter in model.named_parameters():
        if name.endswith("linear_attn.conv1d.weight"):
            prefix = name[: -len("conv1d.weight")]
            keys = model.get_parameter(prefix + "q_proj.weight").shape[0]
            parts = torch.split(parameter.grad, [keys, keys, parameter.shape[0] - 2 * keys])
            for letter, part in zip("qkv", parts):
                gradients[f"{prefix}{letter}_conv1d.weight"] = part
        else:
            gradients[name] = parameter.grad
    return {name: gradient.detach().numpy().copy() for name, gradient in gradients.items()}


@torch.no_grad()
def choices_of(model, ids):
    """The best token at every position."""
    return model(input_ids=ids, use_cache=False).logits.float().argmax(-1).numpy()


class Theirs:
    """What transformers computes from a folder."""

    def __init__(self, folder, tokens):
        load = lambda dtype: transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager")
        model, ids = load(torch.float32).eval(), torch.tensor(tokens)
        out = model(input_ids=ids, labels=ids, use_cache=False)
        out.loss.backward()
        self.loss, self.logits = out.loss.item(), out.logits.detach().numpy()
        self.gradients = our_gradients(model)
        self.tied = model.config.tie_word_embeddings
        with torch.no_grad():
            generated = model.generate(ids[:, :PROMPT], max_new_tokens=NEW, min_new_tokens=NEW, do_sample=False, use_cache=True,
                                       attention_mask=torch.ones(SEQUENCES, PROMPT, dtype=torch.long), pad_token_id=0)
            self.generated = generated[:, PROMPT:].numpy()
            self.model_bf16 = load(torch.bfloat16).eval()
            self.choices_bf16 = choices_of(self.model_bf16, ids)
            self.choices_own = choices_of(load(torch.bfloat16).float().eval(), ids)


class Ours:
    """What the program computes from a checkpoint."""

    def __init__(self, program, checkpoint, tokens, work, device):
        lines, prompts, out, gradients = (work / n for n in ("tokens", "prompts", "logits.safetensors", "gradients.safetensors"))
        lines.write_text("".join(" ".join(map(str, row)) + "\n" for row in tokens))
        prompts.write_text("".join(" ".join(map(str, row[:PROMPT])) + "\n" for row in tokens))
        run(program, "logits", checkpoint, "--tokens", lines, "--out", out, "--gradients", gradients, "--device", device)
        tensors = load_file(out)
        self.logits = np.stack([tensors[f"logits.{i}"] for i in range(len(tokens))])
        self.gradients = load_file(gradients)
        text = run(program, "generate", checkpoint, "--prompt-file", prompts, "--tokens", NEW, "--device", device)
        self.generated = np.array([[int(word) for word in line.split()] for line in text.splitlines()])


def worst_gradient(ours, theirs):
    ours = dict(ours.gradients)
    if theirs.tied:  # one matrix there, two here
        ours["model.embed_tokens.weight"] = ours["model.embed_tokens.weight"] + ours.pop("lm_head.weight")
    if ours.keys() != theirs.gradients.keys():
        raise SystemExit(f"other gradients: {sorted(ours.keys() ^ theirs.gradients.keys())}")
    return max((float(np.abs(ours[name] - g).max() / np.abs(g).max()), name) for name, g in theirs.gradients.items())


def choices(program, checkpoint, work, precision="auto"):
    """Our best token at every position; auto: in bf16 where this machine multiplies it, else in fp32."""
    out = work / "choices.safetensors"
    run(program, "logits", checkpoint, "--tokens", work / "tokens", "--out", out, "--precision", precision)
    tensors = load_file(out)
    return np.stack([tensors[f"logits.{i}"].argmax(-1) for i in range(sum(name.startswith("logits.") for name in tensors))])


def compare(row, program, folder, checkpoint, tokens, work):
    """Prints one row for each of our devices; whether all pass."""
    theirs = Theirs(folder, tokens)
    theirs.model_bf16.save_pretrained(work / "bf16")
    run(program, "import", work / "bf16", "--out", work / "bf16_ours")
    passed = True
    for device in ("cpu", "reference"):
        ours = Ours(program, checkpoint, tokens, work, device)
        difference = float(np.abs(ours.logits - theirs.logits).max())
        agreement = float((choices(program, work / "bf16_ours", work) == theirs.choices_bf16).mean())
        own = float((theirs.choices_own == theirs.choices_bf16).mean())
        greedy = int((ours.generated == theirs.generated).sum())
        gradient, name = worst_gradient(ours, theirs)
        good = (difference <= BARS["logits"] and agreement >= min(own, BARS["bf16"]) and greedy == ours.generated.size
                and gradient <= BARS["gradient"])
        print(f"{row:<24} {device:<10} {difference:<10.2e} {agreement:<8.4f} {own:<8.4f} {greedy:>3} of {ours.generated.size:<4} "
              f"{gradient:<10.2e} {'' if good else 'MISSED  '}{name}")
        passed &= good
    return passed, theirs


def make_theirs(config, folder, seed):
    model = transformers.AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(draw(parameter.shape, name, generator))
    model.save_pretrained(folder)


def make_ours(program, settings, folder, seed):
    """A checkpoint of the program with its weights drawn anew."""
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


def write_fixture(target, folder, theirs, tokens):
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        shutil.copy(folder / name, target / name)
    data = {"tokens": np.array(tokens, np.int32), "logits": theirs.logits, "generated": theirs.generated.astype(np.int32)}
    data |= {f"gradient.{name}": gradient for name, gradient in theirs.gradients.items()}
    save_file({name: np.ascontiguousarray(x) for name, x in data.items()}, target / "expected.safetensors", {"loss": repr(theirs.loss)})


def compare_trained(program, checkpoint, difficulty, count=256):
    """A trained run against transformers on samples of its task; whether all answers are the same."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        with safe_open(checkpoint / "model.safetensors", "np") as file:
            metadata = file.metadata()
        mixers = {block["mixer"] for block in json.loads(metadata["spec"])["blocks"]}
        form = "olmo_hybrid" if len(mixers) == 2 else "olmo2"
        run(program, "export", checkpoint, "--format", form, "--out", work / "theirs")
        options = [f"--set={key}={value}" for key, value in json.loads(metadata["task_options"]).items()]
        text = run(program, "tasks", "sample", metadata["task"], "--difficulty", difficulty, "--seed", 1, "--count", count,
                   "--format", "jsonl", *options)
        samples = [json.loads(line) for line in text.splitlines()]
        longest = max(len(sample["tokens"]) for sample in samples)
        padded = [sample["tokens"] + [0] * (longest - len(sample["tokens"])) for sample in samples]
        (work / "tokens").write_text("".join(" ".join(map(str, row)) + "\n" for row in padded))
        model = transformers.AutoModelForCausalLM.from_pretrained(work / "theirs", dtype=torch.float32).eval()
        theirs, ids = choices_of(model, torch.tensor(padded)), torch.tensor(padded)
        ours = choices(program, checkpoint, work, "fp32")
        last = [(i, sample["answers"][-1]["position"] - 1, sample["answers"][-1]["id"]) for i, sample in enumerate(samples)]
        same = sum(ours[i][t] == theirs[i][t] for i, t, _ in last)
        right = [sum(int(x[i][t] == answer) for i, t, answer in last) for x in (ours, theirs)]
        model.to(torch.bfloat16).save_pretrained(work / "bf16")
        run(program, "import", work / "bf16", "--out", work / "bf16_ours")
        ours, theirs, own = choices(program, work / "bf16_ours", work), choices_of(model, ids), choices_of(model.float(), ids)
        real, asked = np.zeros(theirs.shape, bool), np.zeros(theirs.shape, bool)
        for row, sample in enumerate(samples):
            real[row, : len(sample["tokens"])] = True
            asked[row, [answer["position"] - 1 for answer in sample["answers"]]] = True
        agreement, own_agreement, answers = ((x == theirs)[at].mean() for x, at in ((ours, real), (own, real), (ours, asked)))
        print(f"{checkpoint}: {metadata['task']} at {difficulty}: right of {count}: ours {right[0]}, transformers {right[1]}; "
              f"the same answer on {same}\nbf16 chooses the same token at {answers:.4f} of {int(asked.sum())} answers, at "
              f"{agreement:.4f} of {int(real.sum())} positions (own {own_agreement:.4f})")
        return same == count and answers >= BARS["bf16"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the built program")
    parser.add_argument("--fixtures", type=Path, help="write the data of the tests to this folder")
    parser.add_argument("--trained", type=Path, help="a run's folder: compare this one alone, on samples of its task")
    parser.add_argument("--difficulty", type=int, default=8, help="of the samples")
    a = parser.parse_args()
    program, passed = str(Path(a.program).resolve()), True
    if a.trained:
        return 0 if compare_trained(program, a.trained, a.difficulty) else 1
    print(f"transformers {transformers.__version__}, torch {torch.__version__}; {SEQUENCES} sequences of {LENGTH} tokens")
    print(f"{'model':<24} {'device':<10} {'logits':<10} {'bf16':<8} {'own':<8} {'greedy':<11} {'gradient':<10} worst tensor")
    for seed, (name, config) in enumerate(THEIRS.items()):
        with tempfile.TemporaryDirectory() as directory:
            work = Path(directory)
            make_theirs(config, work / "theirs", seed)
            run(program, "import", work / "theirs", "--out", work / "ours")
            tokens = np.random.default_rng(seed).integers(0, config.vocab_size, (SEQUENCES, LENGTH)).tolist()
            good, theirs = compare(f"in  {name}", program, work / "theirs", work / "ours", tokens, work)
            passed &= good
            if a.fixtures:
                write_fixture(a.fixtures / name, work / "theirs", theirs, tokens)
    for seed, (name, (form, settings)) in enumerate(OURS.items()):
        with tempfile.TemporaryDirectory() as directory:
            work = Path(directory)
            checkpoint = make_ours(program, settings, work / "make", 100 + seed)
            run(program, "export", checkpoint, "--format", form, "--out", work / "theirs")
            vocab = json.loads((work / "theirs" / "config.json").read_text())["vocab_size"]
            tokens = np.random.default_rng(100 + seed).integers(0, vocab, (SEQUENCES, LENGTH)).tolist()
            passed &= compare(f"out {name}", program, work / "theirs", checkpoint, tokens, work)[0]
    return 0 if passed else 1


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    sys.exit(main())
