"""Tasks: programs to be continued, drawn at random, the same on every machine.

Example i of a task is a pure function of (name, options, seed, difficulty, i): that of `separatrix tasks sample` with index i.
tasks/README.md says what an example is and what every option means.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Iterator, NamedTuple

import numpy as np

from . import _separatrix

if TYPE_CHECKING:
    import torch

Option = "str | int | bool"


class Batch(NamedTuple):
    """K examples, T = tokens of the longest, A answers in all, S shortcuts.  Arrays over the generator's own memory."""

    tokens: np.ndarray
    """(K, T) int32; 0 beyond an example's length."""
    loss_mask: np.ndarray
    """(K, T) uint8; 1 where the token is a target of the loss."""
    lengths: np.ndarray
    """(K,) int32"""
    answer_offsets: np.ndarray
    """(K + 1,) int32; the answers of example i are [answer_offsets[i], answer_offsets[i + 1]), the question asked comes last."""
    answer_positions: np.ndarray
    """(A,) int32; the answer stands there, and is predicted one position before."""
    answer_ids: np.ndarray
    """(A,) int32; the right tokens."""
    flags: np.ndarray
    """(K, S) uint8; 1 where that shortcut of task(name).shortcuts gives a wrong final answer."""

    def last_answers(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions and token ids (K,) of the questions asked."""
        last = self.answer_offsets[1:] - 1
        return self.answer_positions[last], self.answer_ids[last]


def names() -> list[str]:
    """Names of all tasks."""
    return _separatrix.task_names()


def task(name: str, **options: Option) -> _separatrix.Task:
    """A task with its options set: vocabulary, shortcuts, levels.  An unknown name or option raises separatrix.Error."""
    words = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in options.items()}
    return _made(name, tuple(sorted(words.items())))


@lru_cache(maxsize=64)
def _made(name: str, options: tuple) -> _separatrix.Task:
    return _separatrix.Task(name, dict(options))


def batch(name: str, difficulty: int, seed: int, index: int = 0, size: int = 1, **options: Option) -> Batch:
    """Examples index ... index + size - 1 of a task.  With index 0 these are the bytes of
    `separatrix tasks sample NAME --difficulty D --seed S --count SIZE --format safetensors`."""
    return Batch(**task(name, **options).batch(difficulty, seed, index, size))


def floors(name: str, batch: Batch, **options: Option) -> dict[str, float]:
    """How often each shortcut answers the examples of a batch: an accuracy at or below the highest of them says nothing."""
    return dict(zip(task(name, **options).shortcuts, (1.0 - batch.flags.mean(axis=0)).tolist()))


def dataset(name: str, difficulty: int, seed: int, size: int, *, batches: int | None = None, **options: Option) -> "torch.utils.data.IterableDataset":
    """A torch IterableDataset of batches of `size` fresh examples, endless unless `batches` says how many.

    Each item is a dict of tensors: tokens (size, T) int64, targets (size, T) int64 (the next token, -100 where the loss does not
    count), and the fields of Batch.  Give it to DataLoader(dataset, batch_size=None); with W workers, worker w yields batches
    w, w + W, ...: together the same batches as without workers.
    """
    import torch

    class TaskDataset(torch.utils.data.IterableDataset):
        def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
            worker = torch.utils.data.get_worker_info()
            number, step = (worker.id, worker.num_workers) if worker else (0, 1)
            while batches is None or number < batches:
                yield _tensors(batch(name, difficulty, seed, number * size, size, **options))
                number += step

    return TaskDataset()


def _tensors(b: Batch) -> "dict[str, torch.Tensor]":
    import torch

    item = {field: torch.from_numpy(getattr(b, field)) for field in b._fields}
    item["tokens"] = item["tokens"].long()
    targets = torch.full_like(item["tokens"], -100)
    counted = item["loss_mask"][:, 1:] != 0
    targets[:, :-1][counted] = item["tokens"][:, 1:][counted]
    item["targets"] = targets
    return item
