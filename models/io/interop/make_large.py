"""Writes a random checkpoint with the shapes of Olmo-Hybrid-7B: one delta-rule and one attention block, bf16, three shards, 2.3 GB.

    python models/io/interop/make_large.py DIR && separatrix import DIR --out OTHER

Needs NumPy alone; memory for one tensor.  What is tried with it is whether a real checkpoint's size and layout can be read.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np

WIDTH, HEADS, KEY, VALUE, HIDDEN, VOCAB = 3840, 30, 96, 192, 11008, 100352
CONFIG = {
    "model_type": "olmo_hybrid", "vocab_size": VOCAB, "hidden_size": WIDTH, "intermediate_size": HIDDEN, "num_hidden_layers": 2,
    "num_attention_heads": HEADS, "num_key_value_heads": HEADS, "hidden_act": "silu", "max_position_embeddings": 65536,
    "pad_token_id": 100277, "eos_token_id": 100257, "tie_word_embeddings": False, "attention_bias": False, "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_theta": None}, "layer_types": ["linear_attention", "full_attention"],
    "linear_num_key_heads": HEADS, "linear_num_value_heads": HEADS, "linear_key_head_dim": KEY, "linear_value_head_dim": VALUE,
    "linear_conv_kernel_dim": 4, "linear_allow_neg_eigval": True,
}


def shapes():
    keys, values, delta, attention = HEADS * KEY, HEADS * VALUE, "model.layers.0.linear_attn.", "model.layers.1.self_attn."
    mlp = {"gate_proj": (HIDDEN, WIDTH), "up_proj": (HIDDEN, WIDTH), "down_proj": (WIDTH, HIDDEN)}
    yield {"model.embed_tokens.weight": (VOCAB, WIDTH)}
    block = {delta + f"{x}_proj.weight": (keys, WIDTH) for x in "qk"} | {delta + f"{x}_proj.weight": (values, WIDTH) for x in "vg"}
    block |= {delta + f"{x}_proj.weight": (HEADS, WIDTH) for x in "ab"} | {delta + "o_proj.weight": (WIDTH, values)}
    block |= {delta + f"{x}_conv1d.weight": (n, 1, 4) for x, n in (("q", keys), ("k", keys), ("v", values))}
    block |= {delta + "A_log": (HEADS,), delta + "dt_bias": (HEADS,), delta + "o_norm.weight": (VALUE,)}
    block |= {attention + f"{x}_proj.weight": (WIDTH, WIDTH) for x in "qkvo"}
    block |= {attention + f"{x}_norm.weight": (WIDTH,) for x in "qk"}
    block |= {f"model.layers.{i}.mlp.{name}.weight": shape for i in range(2) for name, shape in mlp.items()}
    block |= {f"model.layers.{i}.post_attention_layernorm.weight": (WIDTH,) for i in range(2)}
    block |= {"model.layers.0.input_layernorm.weight": (WIDTH,), "model.layers.1.post_feedforward_layernorm.weight": (WIDTH,)}
    yield block | {"model.norm.weight": (WIDTH,)}
    yield {"lm_head.weight": (VOCAB, WIDTH)}


def bf16(shape, generator):
    """Normal numbers of deviation 0.02 (around 1 for vectors), cut to bfloat16; one million, then the same again and again."""
    count = int(np.prod(shape))
    x = generator.standard_normal(min(count, 1_000_003), dtype=np.float32) * np.float32(0.02) + np.float32(len(shape) == 1)
    return np.resize((x.view(np.uint32) >> 16).astype(np.uint16), count)


def write(path, tensors, generator):
    header, begin = {}, 0
    for name, shape in tensors.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for shape in tensors.values():
            bf16(shape, generator).tofile(file)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    generator, weight_map = np.random.default_rng(0), {}
    parts = list(shapes())
    for i, tensors in enumerate(parts, 1):
        name = f"model-{i:05}-of-{len(parts):05}.safetensors"
        write(folder / name, tensors, generator)
        weight_map |= dict.fromkeys(tensors, name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2))


if __name__ == "__main__":
    main()
