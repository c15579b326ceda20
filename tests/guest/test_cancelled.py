"""A real guest that is stopped from another thread: nothing of it is left, here or on a worker of a farm."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ktstr import Ctx, Topology, ktstr_test
from ktstr.base.cancel import Cancel, Cancelled
from ktstr.run.assemble import assemble
from ktstr.vm.job import RunOptions, VmJob
from ktstr.vm.local import LocalExecutor
from ktstr.vm.run import run

COLD = RunOptions(cold=True, fresh=True)
_PATIENCE_S = 600.0


def emulators(folder: Path) -> list[str]:
    """The process numbers of the emulators whose guests write to `folder`."""
    done = subprocess.run(["pgrep", "-f", f"path={folder}/"], capture_output=True, text=True, check=False)
    return done.stdout.split()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def endless(ctx: Ctx) -> VmJob:
    """A guest that holds for an hour of its own time."""
    accel = LocalExecutor().accelerator("virtual")
    return assemble(
        kernel=ctx.kernel,
        topology=Topology.parse("1n1l2c1t"),
        plan="hold 3600000000000\n",
        clock=accel.clock,
        seed=1,
    )


@pytest.mark.parametrize("options", [COLD, replace(COLD, cold=False)], ids=["booted", "cloned"])
@ktstr_test()
def cancelled_guest_is_gone_within_a_second(ctx: Ctx, tmp_path: Path, options: RunOptions) -> None:
    cancel, folder = Cancel(), tmp_path / "run"
    raised = list[BaseException]()

    def target() -> None:
        try:
            run(endless(ctx), LocalExecutor().accelerator("virtual"), folder, options, cancel=cancel)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    until(lambda: raised or emulators(folder))
    cancel.cancel()
    thread.join(_PATIENCE_S)
    assert [type(error) for error in raised] == [Cancelled]
    assert emulators(folder) == []
