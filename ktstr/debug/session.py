"""A debugger's session: the run goes to its exit, then gdb has the terminal until it ends."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.base.process import child_dies_with_us
from ktstr.base.scratch import scratch
from ktstr.debug.symbols import Symbols, symbols_of
from ktstr.report.text import printable
from ktstr.run.replay import Recorded, crashed_run
from ktstr.shell.terminal import Signalled, signals_end
from ktstr.vm.debugger import MonitorError, can_record, paused_clone, record, replaying
from ktstr.vm.job import VmJob
from ktstr.vm.names import EMULATOR
from ktstr.vm.result import EMULATOR_DIED, Ending

__all__ = ["debug", "refuse_early"]

# Where a run stops: where sched_ext records an exit, in functions that versions name and inline differently (the last
# two are of an exit that is no error: the scheduler's program is gone, SysRq), and where a panic begins.
_EXITS = (
    "scx_exit_bstr",
    "scx_vexit",
    "scx_claim_exit",
    "scx_ops_exit_kind",
    "scx_disable",
    "scx_ops_disable",
)
_PANICS = ("vpanic", "panic")
# Instructions before the exit at which a snapshot is kept: going back to a point after it takes a fraction of a second.
_NEAR = 20_000_000
_NEAR_NAME = "near"
_COMMANDS = Path(__file__).with_name("in_gdb.py")
_BOTH_WAYS = (
    "stopped at the exit; reverse-stepi, reverse-continue and the others go back; ktstr-stack shows the stack"
)
_FORWARDS = (
    "stopped at the exit; what follows it differs from the recorded run. ktstr-again starts the run from its beginning,"
    " to stop at an earlier breakpoint; ktstr-stack shows the stack"
)


def refuse_early(recorded: Recorded) -> None:
    """Raise KtstrError if a recorded test cannot be debugged, before it is run again."""
    _gdb()
    if recorded.data["clock"] != "virtual":
        raise KtstrError(
            "replay: --gdb: with the real clock no two runs are the same; it needs the virtual one"
        )
    crashed_run(recorded.path, recorded.data)


def debug(job: VmJob) -> int:
    """Debug the run of `job`, which has the virtual clock.

    Returns gdb's exit status, or 128 plus the number of the signal that ended the session. Raises KtstrError if the
    run cannot be repeated.
    """
    try:
        with signals_end(), scratch("gdb") as folder:
            return _debug(_gdb(), job, folder)
    except MonitorError as error:
        raise KtstrError(f"replay: --gdb: {error}") from None
    except Signalled as asked:
        return 128 + asked.number


def _gdb() -> str:
    if found := shutil.which("gdb"):
        return found
    raise KtstrError("replay: --gdb: gdb is missing; install it (Debian: gdb)")


def _debug(gdb: str, job: VmJob, folder: Path) -> int:
    symbols = symbols_of(job.kernel)
    stops = [name for name in _EXITS if name in symbols.functions]
    stops += [name for name in _PANICS if name in symbols.functions][:1]
    if not can_record(job):
        print(
            f"replay: {EMULATOR}'s record/replay refuses {job.topology.cpus} CPUs: forwards only, and again"
            " (`pytest --topology 1n1l1c1t` makes a run that can be recorded)",
            flush=True,
        )
    elif (exit_at := _recorded(gdb, job, folder, symbols, stops)) is not None:
        print(f"replay: recorded; the exit is {exit_at:,} instructions after the start", flush=True)
        with replaying(job, folder, _NEAR_NAME) as machine:
            return _with_gdb(gdb, _script(folder, symbols, stops, machine.gdb, _BOTH_WAYS), {})
    return _again_and_again(gdb, job, folder, symbols, stops)


def _recorded(gdb: str, job: VmJob, folder: Path, symbols: Symbols, stops: Sequence[str]) -> int | None:
    """Record the run and keep a snapshot near its exit.

    Returns the instructions from the start to the exit, or None, with a line on stdout, if the run does not get there.
    """
    print("replay: booting the guest to record its run", flush=True)
    recorded = record(job, folder)
    if recorded.ending in (EMULATOR_DIED, Ending.TIMEOUT):
        raise KtstrError(f"replay: --gdb: {EMULATOR} could not record the run: {recorded.why}")
    # It was booted, not cloned, so it may have ended in another way, which the user must see.
    for event in recorded.events:
        if event.get("ev") == "kmsg" and str(event["text"]).startswith("sched_ext: "):
            print(f"replay: recorded: {printable(event['text'])}", flush=True)
    print("replay: replaying it up to its exit", flush=True)
    with replaying(job, folder) as machine:
        lines = [*_breakpoints(symbols, stops), "continue", 'printf "stopped at %#lx\\n", $pc', "disconnect"]
        command = [gdb, "-batch", "-nx", "-ex", f"target remote {machine.gdb}"]
        for line in lines:
            command += ["-ex", line]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "stopped at " not in done.stdout:
            print(
                "replay: booted to be recorded, and not cloned as in its test, the guest does not get to an exit:"
                " forwards only, as in its test",
                flush=True,
            )
            return None
        at = machine.at()
        machine.keep(max(0, at - _NEAR), _NEAR_NAME)
        return at


def _again_and_again(gdb: str, job: VmJob, folder: Path, symbols: Symbols, stops: Sequence[str]) -> int:
    """Debug clones, one after the other, as gdb asks for them."""
    path = folder / "control.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as control, ExitStack() as machines:
        control.bind(str(path))
        control.listen()
        served = machines.enter_context(paused_clone(job, folder))
        script = _script(folder, symbols, stops, served, _FORWARDS)

        def again() -> str:
            machines.close()
            try:
                return str(machines.enter_context(paused_clone(job, folder)))
            except (KtstrError, MonitorError) as error:
                return f"the run could not be started: {error}"

        def serve(process: int) -> None:
            while True:
                ready, _, _ = select.select([control.fileno(), process], [], [])
                if process in ready:
                    return
                asking, _ = control.accept()
                with asking:
                    if asking.recv(4096):
                        asking.sendall(again().encode())

        return _with_gdb(gdb, script, {"KTSTR_DEBUG_CONTROL": str(path)}, serve)


def _breakpoints(symbols: Symbols, stops: Sequence[str]) -> list[str]:
    return [f"hbreak *{symbols.functions[name]:#x}" for name in stops]


def _script(folder: Path, symbols: Symbols, stops: Sequence[str], served: Path, stopped: str) -> Path:
    """What gdb does before it has the terminal; `stopped` is printed when the run has stopped."""
    lines = [
        "set pagination off",
        "set confirm off",
        f"set architecture {machine_of_host().debugger.architecture}",
        f"file {symbols.file}",
        f"source {_COMMANDS}",
        f"target remote {served}",
        *_breakpoints(symbols, stops),
        f"python begin({stopped!r})",
    ]
    path = folder / "start.gdb"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def _with_gdb(
    gdb: str, script: Path, environment: dict[str, str], serve: Callable[[int], None] | None = None
) -> int:
    """Run gdb, with the terminal if there is one, until it ends; `serve` gets the pidfd of its process."""
    # Ctrl-C is for gdb. It reaches this process, too, where it must do nothing. A handler is not inherited.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    command = [gdb, "-q", "-x", str(script)]
    machine = json.dumps(asdict(machine_of_host().debugger))
    environment = {**os.environ, "KTSTR_DEBUG_MACHINE": machine, **environment}
    try:
        with subprocess.Popen(command, env=environment, preexec_fn=child_dies_with_us()) as process:
            descriptor = os.pidfd_open(process.pid)
            try:
                if serve is not None:
                    serve(descriptor)
                return process.wait()
            except BaseException:
                process.terminate()  # it restores the terminal
                raise
            finally:
                os.close(descriptor)
    finally:
        signal.signal(signal.SIGINT, before)
