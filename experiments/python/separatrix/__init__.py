"""Separatrix in Python: its tasks, results, checkpoints and the delta rule.  Importing it needs NumPy alone.

    import separatrix
    batch = separatrix.tasks.batch("state_based_recall", difficulty=8, seed=1, index=0, size=64)
    runs = separatrix.load_results("runs/quick")
    model = separatrix.load_checkpoint("runs/one")
    o, state = separatrix.delta_rule(q, k, v, g, beta)          # torch tensors
"""

from . import tasks
from ._separatrix import Error
from .checkpoint import Checkpoint, load_checkpoint
from .delta_rule import delta_rule
from .results import load_results

__all__ = ["Checkpoint", "Error", "delta_rule", "load_checkpoint", "load_results", "tasks"]
