"""The executor whose jobs are run by the workers of a farm."""

from __future__ import annotations

import platform
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.farm.client import Connection
from ktstr.farm.errand import Errand, carried_out
from ktstr.farm.offer import Offer, needs_of
from ktstr.farm.shipment import blobs_of, pack_job, unpack_result
from ktstr.vm.executor import Talk
from ktstr.vm.host import Accel, Emulator, emulator_of_host
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions, VmJob
from ktstr.vm.result import SAID, VmResult
from ktstr.vm.stored import JOB, job_to_json

__all__ = ["FarmExecutor"]

_ASK_AGAIN_S = 5.0
_FIRST_WORKER_S = 30.0
_POLL_S = 0.2


class FarmExecutor:
    """Runs jobs on the workers of a scheduler. `ktstr.vm.executor.Executor` documents the methods.

    All jobs go to workers with one build of the emulator, because results depend on it: this machine's if a worker has
    it, else the one that has most cores.
    """

    def __init__(self, connection: Connection) -> None:
        """KtstrError if the scheduler has no worker of ktstr, and none comes for a while."""
        self._connection = connection
        self._lock = threading.Lock()
        offers = _first_offers(connection)
        self._emulator = _emulator_for(offers)
        self._offers = self._usable(offers)
        self._asked = time.monotonic()
        if others := len(offers) - len(self._offers):
            print(
                f"ktstr: executor {connection.address}: {others} of {len(offers)} workers have another emulator than"
                f" version {self._emulator.version} as this run's, and get no job",
                file=sys.stderr,
                flush=True,
            )

    @property
    def capacity(self) -> int:
        """The cores of all workers."""
        return max(1, sum(offer.cores for offer in self._fresh()))

    @property
    def emulator(self) -> str:
        """The version that its workers have."""
        return self._emulator.version

    def accelerator(self, clock: str, cpus: int | None = None) -> Accel:
        """KVM if it works on a worker that has as many cores, else TCG."""
        if clock not in ("auto", "real", "virtual"):
            raise KtstrError(f"clock {clock!r}: must be real, virtual or auto")
        if clock == "virtual":
            return Accel("tcg", "virtual", "the virtual clock was asked for; it is TCG's")
        offers = self._fresh()
        with_kvm = [offer.cores for offer in offers if not offer.no_kvm]
        if with_kvm and (cpus is None or cpus <= max(with_kvm)):
            return Accel("kvm", "real", "KVM booted the probe")
        if with_kvm:
            broken = f"{cpus} CPUs are more than a worker's {max(with_kvm)} cores; --oversubscribe puts them on KVM"
        else:
            broken = next((offer.no_kvm for offer in offers), "no worker has KVM")
        if clock == "real":
            return Accel("tcg", "real", f"the real clock was asked for; {broken}")
        return Accel("tcg", "virtual", broken)

    def refusal(self, topology: Topology, accel: Accel) -> str | None:
        """What the workers' emulator cannot have."""
        return self._emulator.limit(topology, accel)

    def cpu_turn_ns(self, cpus: int, *, bounded: bool) -> int:
        """The turn of a CPU under icount."""
        return self._emulator.cpu_turn_ns(cpus, bounded=bounded)

    def in_a_row(self) -> AbstractContextManager[None]:
        """Nothing is kept: each run goes to whatever worker is free."""
        return nullcontext()

    def run(
        self,
        job: VmJob,
        accel: Accel,
        folder: Path,
        options: RunOptions = DEFAULT_OPTIONS,
        *,
        talk: Talk | None = None,
        cancel: Cancel | None = None,
    ) -> VmResult:
        """Have a worker run the job, and another one if that is lost."""
        if job.channel:
            raise KtstrError(f"executor {self._connection.address}: a guest to talk to runs on this machine")
        cancel = cancel or Cancel()
        cancel.check()
        needs = needs_of(job, accel, self._emulator, self._fresh())
        errand = Errand(_name(job), needs, pack_job(job, accel, options), folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / JOB).write_text(job_to_json(job))
            for name in SAID:
                (folder / name).write_text("")
            with self._connection.offering(blobs_of(job)):
                return carried_out(
                    errand,
                    self._connection,
                    self._fresh,
                    lambda answer: unpack_result(answer, job, folder),
                    cancel,
                )
        except OSError as error:
            raise KtstrError(
                f"{error.filename or folder}: a run's files cannot be written: {error.strerror}"
            ) from None

    def close(self) -> None:
        """Leave the farm: what runs for this process is ended."""
        self._connection.close()

    def _fresh(self) -> Sequence[Offer]:
        """What the workers that get jobs offer, as of a few seconds ago."""
        with self._lock:
            if time.monotonic() - self._asked > _ASK_AGAIN_S:
                self._offers = self._usable(self._connection.offers())
                self._asked = time.monotonic()
            return self._offers

    def _usable(self, offers: Sequence[Offer]) -> Sequence[Offer]:
        machine = platform.machine()
        return [offer for offer in offers if (offer.machine, offer.emulator) == (machine, self._emulator)]


def _first_offers(connection: Connection) -> Sequence[Offer]:
    """What the workers offer, once there is one."""
    deadline = time.monotonic() + _FIRST_WORKER_S
    said = False
    while True:
        offers = connection.offers()
        here = [offer for offer in offers if offer.machine == platform.machine()]
        if here:
            return here
        if time.monotonic() > deadline:
            machines = ", ".join(sorted({offer.machine for offer in offers}))
            what = (
                f"its workers are {machines}, and guests are {platform.machine()}"
                if offers
                else "it has none"
            )
            raise KtstrError(
                f"executor {connection.address}: no worker for this run in {_FIRST_WORKER_S:g} s: {what};"
                f" `ktstr worker {connection.address}` starts one"
            )
        if not said:
            print(f"ktstr: executor {connection.address}: waiting for a worker", file=sys.stderr, flush=True)
            said = True
        time.sleep(_POLL_S)


def _emulator_for(offers: Sequence[Offer]) -> Emulator:
    """This machine's emulator if a worker has the same, else that with most cores."""
    cores = Counter[Emulator]()
    for offer in offers:
        cores[offer.emulator] += offer.cores
    with suppress(KtstrError):  # this machine may have none
        if (ours := emulator_of_host()) in cores:
            return ours
    return max(cores, key=lambda one: (cores[one], one.version, one.build))


def _name(job: VmJob) -> str:
    """A run as messages name it."""
    return f"run {job.digest()[:12]} ({job.kernel.version} on {job.topology}, seed {job.seed})"
