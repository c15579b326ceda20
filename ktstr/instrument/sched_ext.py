"""The kernel's side of sched_ext, as its image has it: the functions of kernel/sched/ext.c, and the names of flags."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ktstr.base import cache
from ktstr.events.btf.types import Enum
from ktstr.instrument.layout import btf_of
from ktstr.kernel.kallsyms import functions_in
from ktstr.kernel.model import Kernel

__all__ = ["CALLBACKS", "KernelInterface", "callback_of", "interface_of"]

CALLBACKS = (
    *("select_cpu", "enqueue", "dequeue", "dispatch", "tick", "runnable", "running", "stopping", "quiescent"),
    *("yield", "core_sched_before", "set_weight", "set_cpumask", "update_idle", "cpu_acquire", "cpu_release"),
    *("init_task", "exit_task", "enable", "disable", "dump", "dump_cpu", "dump_task"),
    *("cgroup_init", "cgroup_exit"),
    *("cgroup_prep_move", "cgroup_move", "cgroup_cancel_move", "cgroup_set_weight", "cgroup_set_bandwidth"),
    *("cgroup_set_idle", "sub_attach", "sub_detach", "cpu_online", "cpu_offline", "init", "exit"),
)
"""The callbacks of struct sched_ext_ops, of all kernels."""
# The file is included into build_policy.c, so no table says what is in it: these are its functions by their names.
_FUNCTIONS = re.compile(
    r"(?!__pfx_|scx_attr_|.*\.cold)"
    r"(?:scx_\w+|__scx_\w+|\w+_scx|bpf_scx_\w+|bpf_iter_scx_\w+|ops_(?:cpu|dump|san)\w*|do_enqueue_task|ext_server_\w+"
    r"|dispatch_(?:enqueue|dequeue|to_local_dsq)|direct_dispatch|finish_dispatch|flush_dispatch_buf|consume_(?:dispatch_q|global_dsq|remote_task)"
    r"|find_(?:user_dsq|dsq_for_dispatch|global_dsq)|move_(?:local|remote)_task_to_local_dsq|move_task_between_dsqs"
    r"|local_dsq_post_enq|task_unlink_from_dsq|task_can_run_on_remote_rq|process_ddsp_deferred_locals|reenq_local"
    r"|handle_(?:hotplug|lockup)|kick_(?:cpus_irq|sync_wait)\w*|init_dsq|destroy_dsq|free_dsq_\w+|mark_direct_dispatch"
    r"|pick_idle_cpu\w*|select_cpu_from_kfunc|sched_ext_dead|sysrq_handle_sched_ext\w+|task_should_scx|balance_one)"
    r"(?:\.\w+)*"
)
_ENUMS = ("scx_enq_flags", "scx_deq_flags", "scx_wake_flags")


@dataclass(frozen=True)
class KernelInterface:
    """The addresses of the kernel's `functions`, and, for each of the enums of flags, the names of single bits."""

    functions: Mapping[str, int]
    flags: Mapping[str, Mapping[str, int]]

    @property
    def for_plugin(self) -> str:
        """The functions as the plugin's argument."""
        return ":".join(f"{address:x}" for address in sorted(set(self.functions.values())))


def interface_of(kernel: Kernel) -> KernelInterface:
    """The kernel's side, read once; nothing of a kernel without sched_ext. KtstrError if its image does not say it."""

    def make(folder: Path) -> None:
        image = kernel.image.read_bytes()
        types = btf_of(kernel.image, image, f"kernel {kernel.release} ({kernel.image})").types
        enums = [one for one in types if isinstance(one, Enum) and one.name in _ENUMS]
        data = {
            "functions": functions_in(image, _FUNCTIONS),
            "flags": {
                one.name: {
                    each.name: each.value.bit_length() - 1
                    for each in one.values
                    if each.value > 0 and not each.value & (each.value - 1)
                }
                for one in enums
            },
        }
        (folder / "interface.json").write_text(json.dumps(data))

    key = cache.digest("interface-2", kernel.image_sha256)
    kept = cache.entry("layouts", key, f"reading what kernel {kernel.version} has of sched_ext", make)
    return KernelInterface(**json.loads((kept / "interface.json").read_text()))


def callback_of(function: str) -> str:
    """Which callback a program is, by the end of its name, as in `mine_enqueue`; empty if it is none by its name."""
    return max((one for one in CALLBACKS if f"_{function}".endswith(f"_{one}")), key=len, default="")
