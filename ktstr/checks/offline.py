"""How messages say that CPUs were offline: a scheduler that forgets it makes tasks wait for ever."""

from __future__ import annotations

from ktstr.base.topology import cpu_list
from ktstr.checks.evidence import Evidence

__all__ = ["while_offline"]


def while_offline(run: Evidence) -> str:
    """` while CPU 1 was offline`, if one was at some time that is judged; else nothing."""
    offline = frozenset(
        cpu for state in run.held_states for cpu in range(state.topology.cpus) if cpu not in state.online
    )
    if not offline:
        return ""
    return f" while CPU {cpu_list(offline)} {'was' if len(offline) == 1 else 'were'} offline"
