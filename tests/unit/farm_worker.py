"""A worker whose guests are a function: `python farm_worker.py ADDRESS HOST FOLDER [what]`, for tests of the farm.

It has two cores. A job's plan says what its guest does: `sleep 0.05`, `hang`, or `refuse`. Each run leaves a file in
`FOLDER`, `<host>-<seed>-<number>`, which is there for as long as the guest runs, and then renamed to `.done`. `what` is
how the worker misbehaves: `lies` about the hash of what it sends back.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import ktstr.farm.worker
from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.farm.address import parse
from ktstr.farm.join import join
from ktstr.farm.offer import Offer
from ktstr.farm.shipment import pack_result
from ktstr.vm.executor import Talk
from ktstr.vm.host import Accel
from ktstr.vm.job import DEFAULT_OPTIONS, RunOptions, VmJob
from ktstr.vm.local import LocalExecutor
from ktstr.vm.result import Ending, VmResult

EVENTS = '{"ev":"begin","t":1}\n'


class FunctionExecutor(LocalExecutor):
    """A guest is a function that takes as long as the plan says."""

    def __init__(self, host: str, folder: Path) -> None:
        self._host = host
        self._folder = folder

    @property
    def emulator(self) -> str:
        return "7.2.99"

    def refusal(self, topology: Topology, accel: Accel) -> str | None:
        return None

    def in_a_row(self) -> AbstractContextManager[None]:
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
        cancel = cancel or Cancel()
        verb, _, value = job.plan.partition(" ")
        if verb == "refuse":
            raise KtstrError("QEMU cannot be started")
        folder.mkdir()
        (folder / "plan.txt").write_text(f"seed {job.seed}\n{job.plan}")
        (folder / "events.jsonl").write_text(EVENTS)
        (folder / "console.log").write_text(f"up, seed {job.seed}\n")
        mark = self._folder / f"{self._host}-{job.seed}"
        mark.write_text("")
        try:
            end = time.monotonic() + (float(value) if verb == "sleep" else 1e9)
            while (left := end - time.monotonic()) > 0:
                cancel.check()
                time.sleep(min(left, 0.01))
        finally:
            mark.rename(mark.with_suffix(".done"))
        return VmResult(
            ending=Ending.DONE,
            why="",
            events=({"ev": "begin", "t": 1},),
            console=f"up, seed {job.seed}\n",
            qemu_output="",
            command=("qemu", "-kernel", str(job.kernel.image), f"file:{folder}/console.log"),
            accelerator=accel.name,
            clock=job.clock,
            qemu_version="7.2.99",
            turn_ns=None,
            wall_s=0.05,
            start="clone",
        )


def main(address: str, host: str, folder: str, what: str = "") -> None:
    offer = Offer(
        host, "x86_64", 2, 4096, "7.2.99", "0123456789abcdef", no_kvm="KVM is not there: no /dev/kvm"
    )
    if what == "lies":

        def lie(job: VmJob, result: VmResult, folder: Path) -> Mapping[str, Any]:
            answer = pack_result(job, result, folder)
            return {**answer, "sha256": {**answer["sha256"], "events.jsonl": "0" * 64}}

        setattr(ktstr.farm.worker, "pack_result", lie)  # noqa: B010
    elif what:
        offer = replace(offer, **dict([what.split("=")]))  # type: ignore[arg-type]
    join(parse(address, ""), offer, FunctionExecutor(host, Path(folder)), name=host)


if __name__ == "__main__":
    main(*sys.argv[1:])
