"""The compiled part.  Users call separatrix.tasks, load_checkpoint and delta_rule."""

import numpy as np

class Error(ValueError):
    """Bad input: one line that says what was wanted, what came, and what to do."""

def task_names() -> list[str]: ...

class Task:
    def __init__(self, name: str, options: dict[str, str]) -> None: ...
    def batch(self, difficulty: int, seed: int, index: int, size: int) -> dict[str, np.ndarray]: ...
    def text(self, difficulty: int, seed: int, index: int) -> str:
        """The program of one example; ends with the final assert and its right value."""
    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def difficulty_means(self) -> str:
        """What the difficulty counts."""
    @property
    def levels(self) -> list[int]:
        """The difficulties results are given at."""
    @property
    def vocabulary(self) -> list[str]:
        """The text of every token id."""
    @property
    def shortcuts(self) -> list[str]:
        """The cheap predictors whose score is the floor; the columns of Batch.flags."""
    @property
    def options(self) -> dict[str, str]:
        """All options with the values in force."""

def read_safetensors(path: str) -> tuple[dict[str, np.ndarray], dict[str, str]]: ...
def delta_rule_forward(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    g: np.ndarray,
    beta: np.ndarray,
    state: np.ndarray | None,
    scale: float,
    write_beta: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]: ...
def delta_rule_backward(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    g: np.ndarray,
    beta: np.ndarray,
    state: np.ndarray | None,
    scale: float,
    write_beta: bool,
    saved: np.ndarray | None,
    d_o: np.ndarray,
    d_state: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]: ...
