"""QEMU's TCG plugins: whether it has them, which version of their interface, and the options that load them."""

from __future__ import annotations

from pathlib import Path

from ktstr.instrument.plugin import EXPLORE, build_plugin, counts_file, plugin_arguments
from ktstr.vm.job import VmJob
from ktstr.vm.qemu.cpus import escaped
from ktstr.vm.qemu.hardware import icount_shift
from ktstr.vm.qemu.program import Qemu, help_of

__all__ = ["INTERLEAVING", "files_of", "has_plugins", "plugin_options", "why_not_interleaved"]

INTERLEAVING = "interleaving.txt"
"""The file in a run's folder that says where CPUs stand still."""

# The release from which on QEMU has this version of the interface, or takes a plugin that was built for it: 9.0 no
# longer accepts version 1, and 9.1 changed a function that the plugins use.
_INTERFACES = (((9, 1), 3), ((9, 0), 2), ((0, 0), 1))


def has_plugins(qemu: Qemu) -> bool:
    """Whether it was built with plugins, as Debian's is."""
    return "-plugin" in help_of(qemu.path).split()


def files_of(qemu: Qemu, job: VmJob, accelerator: str) -> list[str]:
    """The files that the job's instruments write to the run's folder.

    None under KVM, where the host's CPU runs the guest, and none with a QEMU without plugins.
    """
    plugins = _plugins(job)
    if not plugins or accelerator != "tcg" or not has_plugins(qemu):
        return []
    return [counts_file(plugin) for plugin in plugins]


def why_not_interleaved(qemu: Qemu, job: VmJob, accelerator: str) -> str | None:
    """Why the job's interleaving cannot be had, in one line; None if it can, or the job has none."""
    if not job.interleaving:
        return None
    if job.clock != "virtual" or accelerator != "tcg":
        return "an interleaving can only be chosen with the virtual clock; give --clock virtual"
    if not has_plugins(qemu):
        return f"an interleaving cannot be chosen: {qemu.path} was built without TCG plugins"
    return None


def _plugins(job: VmJob) -> tuple[str, ...]:
    return (*job.instruments, *((EXPLORE,) if job.interleaving else ()))


def plugin_options(qemu: Qemu, job: VmJob, accelerator: str, folder: Path) -> list[str]:
    """The options that load the job's instruments, their files in `folder`; none if they cannot look at the guest.

    A template has none: what is counted begins with the job.
    """
    if not files_of(qemu, job, accelerator):
        return []
    interface = next(version for release, version in _INTERFACES if qemu.release >= release)
    options = []
    for name in _plugins(job):
        plugin, out = build_plugin(name, interface), folder / counts_file(name)
        told = plugin_arguments(name, job.kernel)
        if name == EXPLORE:
            told += f",in={escaped(folder / INTERLEAVING)},shift={icount_shift(job.topology.cpus)}"
        options += ["-plugin", f"{escaped(plugin)},out={escaped(out)},{told}"]
    return options
