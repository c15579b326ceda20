"""A farm of several hosts on one: run a command whose guests run on workers that share nothing but a network.

    python tests/farm/in_namespaces.py [--workers 3] [--kill 2] [--cut] [--after 20] -- COMMAND ...

The scheduler and each worker are in a network namespace of their own, joined by a bridge, and each worker is another
user with a cache of its own. The command runs with KTSTR_EXECUTOR set, in the host's namespace. Once `--after` results
are in the workers' caches, `--kill` workers are killed with SIGKILL and, with `--cut`, one more loses its network; then
a worker joins that has none of their caches. At the end no emulator may be left of a worker. It has to be root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ktstr.base.process import child_dies_with_us

ROOT = Path(__file__).resolve().parents[2]
_NETWORK = "10.213.77"
_BRIDGE = "ktstr-farm"
_FIRST_USER = 61_000
_POLL_S = 0.2


def ip(*arguments: str) -> None:
    """Run ip(8)."""
    subprocess.run(["ip", *arguments], check=True)


@contextmanager
def network() -> Iterator[None]:
    """The bridge; the host's own address on it ends in 1."""
    ip("link", "add", _BRIDGE, "type", "bridge")
    try:
        ip("addr", "add", f"{_NETWORK}.1/24", "dev", _BRIDGE)
        ip("link", "set", _BRIDGE, "up")
        yield
    finally:
        ip("link", "del", _BRIDGE)


@contextmanager
def namespace(number: int) -> Iterator[str]:
    """A namespace on the bridge, whose address ends in `number`; its name is that of its end at the bridge, too."""
    name = f"ktstr-farm-{number}"
    ip("netns", "add", name)
    try:
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", name, "master", _BRIDGE, "up")
        for command in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{_NETWORK}.{number}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            ip("-n", name, *command)
        yield name
    finally:
        ip("netns", "del", name)


class Farm:
    """Its processes, all in namespaces."""

    def __init__(self, folder: Path, stack: ExitStack, python: str) -> None:
        self._folder = folder
        self._stack = stack
        self._python = python
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        where = stack.enter_context(namespace(2))
        self._start(where, "scheduler", 0, "-m", "distributed.cli.dask_scheduler", "--no-dashboard")

    def worker(self) -> None:
        """Start one more."""
        number = 11 + len(self.workers)
        where = self._stack.enter_context(namespace(number))
        self.workers[where] = self._start(
            where, where, _FIRST_USER + number, "-m", "ktstr", "worker", f"tcp://{_NETWORK}.2:8786",
            "--name", where,
        )  # fmt: skip

    def emulators(self) -> list[str]:
        """The process numbers of all emulators that workers have started."""
        users = ",".join(str(_FIRST_USER + 11 + number) for number in range(len(self.workers)))
        command = ["pgrep", "-u", users, "qemu-system"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()

    def _start(self, where: str, name: str, user: int, *arguments: str) -> subprocess.Popen[bytes]:
        home = self._folder / name
        home.mkdir()
        os.chown(home, user, user)
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        keep = {"PATH", "PYTHONPATH", "LANG"}
        environment = {key: value for key, value in os.environ.items() if key in keep}
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                ["ip", "netns", "exec", where, *become, self._python, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env={**environment, "HOME": str(home), "KTSTR_CACHE_DIR": str(home / "cache")},
                preexec_fn=child_dies_with_us(),
            )
        self._stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def ended(folder: Path) -> int:
    """How many results the caches of the workers have."""
    return sum(1 for _ in folder.glob("ktstr-farm-*/cache/results/[!.]*"))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--kill", type=int, default=0)
    parser.add_argument("--cut", action="store_true")
    parser.add_argument("--after", type=int, default=4, help="results that the workers have by then")
    parser.add_argument("--python", default=sys.executable, help="one that every user can run")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/ktstr-farm"))
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the network must not stay
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(mode=0o755)
    with ExitStack() as stack:
        stack.enter_context(network())
        farm = Farm(options.folder, stack, options.python)
        for _ in range(options.workers):
            farm.worker()
        status = _run(options, farm)
        time.sleep(1)
        left = farm.emulators()
        print(f"farm: the command ended with status {status}; emulators left: {left or 'none'}")
        return status or int(bool(left))


def _run(options: argparse.Namespace, farm: Farm) -> int:
    """Run the command, and make trouble meanwhile."""
    trouble = options.kill or options.cut
    environment = {**os.environ, "KTSTR_EXECUTOR": f"dask://{_NETWORK}.2:8786"}
    with subprocess.Popen(options.command, env=environment) as process:
        while process.poll() is None:
            if trouble and ended(options.folder) >= options.after and farm.emulators():
                _trouble(farm, list(farm.workers)[: options.kill], list(farm.workers)[-1:] * options.cut)
                trouble = False
            time.sleep(_POLL_S)
    return process.returncode


def _trouble(farm: Farm, killed: Sequence[str], cut: Sequence[str]) -> None:
    before = farm.emulators()
    for where in killed:
        print(f"farm: killing {where}")
        farm.workers[where].send_signal(signal.SIGKILL)
    for where in cut:
        print(f"farm: cutting {where} off")
        ip("link", "set", where, "down")
    time.sleep(1)
    print(f"farm: emulators before: {len(before)}, a second later: {len(farm.emulators())}")
    farm.worker()


if __name__ == "__main__":
    raise SystemExit(main())
