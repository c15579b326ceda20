"""The verbs that act on things, as Invoke tasks: `invoke -l` and `ktstr -l` list them.

Each noun has a module, and one flat collection has all their tasks. It serves `invoke` (through tasks.py in a checkout)
and the `ktstr` command, which needs no file in the user's project.
"""

from __future__ import annotations

from ktstr.tasks.command import main
from ktstr.tasks.menu import gather, ns

__all__ = ["gather", "main", "ns"]
