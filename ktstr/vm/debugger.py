"""A job's run under a debugger: recorded and replayed, both ways, or as clones that wait for the debugger."""

from __future__ import annotations

from ktstr.vm.qemu.debug import Recorded, Replaying, can_record, paused_clone, record, replaying
from ktstr.vm.qemu.qmp import MonitorError

__all__ = ["MonitorError", "Recorded", "Replaying", "can_record", "paused_clone", "record", "replaying"]
