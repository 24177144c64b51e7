"""Checkpoints: trained, built or imported models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import _separatrix


@dataclass(frozen=True)
class Checkpoint:
    """A model: its settings and its weights under the names of HF OlmoHybrid (`model.layers.0.linear_attn.q_proj.weight`)."""

    spec: dict[str, Any]
    """Blocks, widths and the form of each layer."""
    weights: dict[str, np.ndarray]
    """float32, read only, over the mapped file; `torch.from_numpy(w.copy())` makes a tensor."""
    task: str
    """The task it was trained on or built for; empty when there is none."""
    options: dict[str, str]
    """The options of the task."""
    vocabulary: list[str]
    """The text of every token id."""
    metadata: dict[str, str]
    """All metadata of the file."""


def load_checkpoint(path: str | Path) -> Checkpoint:
    """The checkpoint in a run's folder, or a model.safetensors.  A damaged file, or one that is none of ours, raises
    separatrix.Error."""
    path = Path(path)
    file = path / "model.safetensors" if path.is_dir() else path
    weights, metadata = _separatrix.read_safetensors(str(file))
    if "spec" not in metadata:
        raise _separatrix.Error(f"{file}: the metadata have no 'spec'; `separatrix import` reads other programs' checkpoints")
    return Checkpoint(
        spec=json.loads(metadata["spec"]),
        weights=weights,
        task=metadata.get("task", ""),
        options=json.loads(metadata.get("task_options", "{}")),
        vocabulary=json.loads(metadata.get("vocabulary", "[]")),
        metadata=metadata,
    )
