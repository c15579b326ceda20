"""Which CPUs of a guest are online when its plan begins: the kernel's command line may leave some offline."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.base.topology import Topology

__all__ = ["online_at_start"]


def online_at_start(topology: Topology, kargs: Sequence[str]) -> frozenset[int]:
    """The CPUs that the kernel brings online with `kargs`: it heeds `nosmt`, `maxcpus=`, `nr_cpus=` and `nosmp`.

    With `nosmt` that is the first thread of each core. The first CPUs of `maxcpus=` are counted before that.
    """
    words = [word for text in kargs for word in text.split()]
    most = topology.cpus
    for word in words:
        key, _, value = word.partition("=")
        if key in ("maxcpus", "nr_cpus") and value.isdecimal():
            most = min(most, max(int(value), 1))  # 0 means no other CPU than the first
        elif key == "nosmp":
            most = 1
    no_smt = any(word in ("nosmt", "nosmt=force") for word in words)
    return frozenset(cpu for cpu in range(most) if not no_smt or cpu % topology.threads == 0)
