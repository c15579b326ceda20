"""What a worker's host can run, and what a job needs of a host, as amounts that a scheduler can count.

A scheduler knows amounts by name. Cores and memory are used up by the jobs that run. The rest is there or is not: a
worker has one of it, and a job needs nothing of it but that it is there.
"""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ktstr.base.errors import KtstrError
from ktstr.vm.budget import cores_of_host
from ktstr.vm.host import Accel, Emulator, emulator_of_host, probe, virtual_clock_problem
from ktstr.vm.job import VmJob

__all__ = ["PROTOCOL", "Needs", "Offer", "count_of", "needs_of", "nobody", "offer_of_host", "offer_of_json"]

PROTOCOL = 1
"""What a client and a worker send each other; a client gives no jobs to workers of another number."""

_CORES, _MEMORY = "ktstr-cores", "ktstr-memory-mb"
_KVM, _VIRTUAL = "ktstr-kvm", "ktstr-virtual-clock"
# What the emulator takes beside its guest's memory: the translation buffer, the devices.
_EMULATED_MB, _HOSTED_MB = 384, 96
# Of the host's memory, what guests may have; the rest is the system's.
_SHARE = 0.9
_CGROUP = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True)
class Offer:
    """What a worker's host has. `memory_mb` is MiB for guests.

    `no_kvm` and `no_virtual` say why KVM and the virtual clock cannot be used there; they are empty if they can.
    """

    host: str
    machine: str
    cores: int
    memory_mb: int
    version: str
    build: str
    no_kvm: str = ""
    no_virtual: str = ""
    protocol: int = PROTOCOL

    @property
    def emulator(self) -> Emulator:
        """Its emulator."""
        return Emulator(self.version, self.build)

    @property
    def amounts(self) -> dict[str, float]:
        """The offer as a scheduler counts it."""
        return {
            _CORES: self.cores,
            _MEMORY: self.memory_mb,
            _build_name(self.machine, self.emulator): 1,
            **({} if self.no_kvm else {_KVM: 1}),
            **({} if self.no_virtual else {_VIRTUAL: 1}),
        }

    def as_json(self) -> dict[str, Any]:
        """The offer as data, as `offer_of_json` reads it."""
        return asdict(self)

    def __str__(self) -> str:
        kvm = "no KVM" if self.no_kvm else "KVM"
        virtual = ", no virtual clock" if self.no_virtual else ""
        return f"{self.host}: {_cores(self.cores)}, {self.memory_mb} MiB, {kvm}{virtual}"


@dataclass(frozen=True)
class Needs:
    """What a job needs of a host. `memory_mb` is MiB, with what the emulator itself takes.

    `kvm` and `virtual` say whether it needs KVM, or the virtual clock; emulation with the real clock needs neither.
    """

    cores: int
    memory_mb: int
    kvm: bool
    virtual: bool
    machine: str
    emulator: Emulator

    @property
    def amounts(self) -> dict[str, float]:
        """The needs as a scheduler counts them."""
        return {
            _CORES: self.cores,
            _MEMORY: self.memory_mb,
            _build_name(self.machine, self.emulator): 0,
            **({_KVM: 0} if self.kvm else {}),
            **({_VIRTUAL: 0} if self.virtual else {}),
        }

    def met_by(self, offer: Offer) -> bool:
        """Whether a host with this offer, and nothing else to do, can run the job."""
        have = offer.amounts
        return offer.protocol == PROTOCOL and all(
            name in have and have[name] >= amount for name, amount in self.amounts.items()
        )

    def __str__(self) -> str:
        what = ", KVM" if self.kvm else ", the virtual clock" if self.virtual else ""
        return f"{_cores(self.cores)}, {self.memory_mb} MiB{what}"


def needs_of(job: VmJob, accel: Accel, emulator: Emulator, offers: Sequence[Offer]) -> Needs:
    """What `job` needs: under TCG one core, under KVM one for each CPU.

    A guest under KVM that has more CPUs than any of the hosts of `offers` has cores takes all of a host's.
    """
    most = max((offer.cores for offer in offers if not offer.no_kvm), default=job.topology.cpus)
    kvm = accel.name == "kvm"
    return Needs(
        cores=min(job.topology.cpus, most) if kvm else 1,
        memory_mb=job.memory_mb + (_HOSTED_MB if kvm else _EMULATED_MB),
        kvm=kvm,
        virtual=job.clock == "virtual",
        machine=platform.machine(),
        emulator=emulator,
    )


def nobody(needs: Needs, offers: Sequence[Offer]) -> str | None:
    """Why no worker can run a job with these needs, in one line; None if one of `offers` can."""
    if any(needs.met_by(offer) for offer in offers):
        return None
    ours = [offer for offer in offers if (offer.machine, offer.emulator) == (needs.machine, needs.emulator)]
    if not offers:
        return f"it needs {needs}; the farm has no worker"
    if not ours:
        return f"it needs version {needs.emulator.version} of the emulator, as built then; no worker has it any more"
    kinds = Counter(str(offer).partition(": ")[2] for offer in ours)
    have = "; ".join(f"{count} with {kind}" for kind, count in kinds.most_common(4))
    return f"it needs {needs}; the workers are {have}{'; ...' if len(kinds) > 4 else ''}"


def offer_of_host(*, cores: int | None = None, memory_mb: int | None = None) -> Offer:
    """What this host has; `cores` and `memory_mb` (None: all) are what it gives. KtstrError without an emulator."""
    emulator = emulator_of_host()
    accel = probe("auto")
    return Offer(
        host=platform.node(),
        machine=platform.machine(),
        cores=cores or cores_of_host(),
        memory_mb=memory_mb or int(_memory_bytes() * _SHARE) >> 20,
        version=emulator.version,
        build=emulator.build,
        no_kvm="" if accel.name == "kvm" else accel.reason,
        no_virtual=virtual_clock_problem() or "",
    )


def offer_of_json(data: Mapping[str, Any]) -> Offer:
    """The offer that `as_json` gave; KeyError or TypeError for anything else."""
    return Offer(**{field.name: data[field.name] for field in fields(Offer)})


def count_of(text: str | None, where: str) -> int | None:
    """A number of cores, or of MiB; None for None. KtstrError, beginning with `where`, for what is none."""
    if text is None:
        return None
    if not text.isdecimal() or not 0 < int(text) < 1 << 24:
        raise KtstrError(f"{where}: must be a whole number above 0")
    return int(text)


def _cores(count: int) -> str:
    return f"{count} core{'' if count == 1 else 's'}"


def _build_name(machine: str, emulator: Emulator) -> str:
    return f"ktstr-emulator-{machine}-{emulator.version}-{emulator.build[:12]}"


def _memory_bytes() -> int:
    """The host's memory, or what this process may have of it."""
    bytes_of_host = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([bytes_of_host, *filter(None, map(_limit_in, _CGROUP))])


def _limit_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such group, or `max`
        return None
