"""A stand-in for QEMU that speaks enough of its monitor's protocol to be kept and to be cloned.

Its guest has no memory to speak of: a clone only checks that it was given the state that the template wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

_SCRIPT = """#!/bin/sh
if [ "$1" = --version ]; then echo "QEMU emulator version {version}"; exit; fi
if [ "$1" = -L ]; then exit; fi
exec {python} -I -S {here}/monitored.py "$@"
"""
_MACHINE = """
import json, os, socket, sys

HERE = {here!r}
KEEPS, TAKES, KILLED = {keeps}, {takes}, {killed}
VERSION = {version!r}
arguments = sys.argv[1:]


def value(start):
    return next((word[len(start):] for word in arguments if word.startswith(start)), None)


def starts_so_far(kind):
    with open(HERE + "/started") as started:
        return started.read().split().count(kind)


events, fd = value("file,id=events,path="), value("socket,id=qmp,fd=")
what = "boot" if fd is None else "clone" if "-incoming" in arguments else "template"
with open(HERE + "/started", "a") as started:
    started.write(what + "\\n")
with open(events, "w") as log:
    log.write(json.dumps({{"ev": "boot", "t": 1}}) + "\\n" if what != "clone" else "")
    if what != "template":
        log.write(json.dumps({{"ev": "end", "t": 2}}) + "\\n")
if what == "boot":
    sys.exit(33)
for word in arguments:
    if "mem-path=" in word and what == "template":
        with open(word.partition("mem-path=")[2].partition(",share")[0], "wb") as memory:
            memory.write(b"memory")
            memory.truncate(1 << 20)

monitor = socket.socket(fileno=int(fd))


def say(**message):
    monitor.sendall(json.dumps(message).encode() + b"\\r\\n")


say(QMP={{"version": {{"qemu": VERSION}}, "capabilities": []}})
unread, given = b"", None
while True:
    while b"\\n" not in unread:
        data, descriptors, *_ = socket.recv_fds(monitor, 65536, 1)
        if not data:
            sys.exit()
        unread += data
        given = descriptors[0] if descriptors else given
    line, unread = unread.split(b"\\n", 1)
    name = json.loads(line)["execute"]
    if name == "migrate-incoming":
        say(**{{"return": {{}}}})
        with os.fdopen(given, "rb") as state:
            restored = state.read() == b"QEVM a guest's devices" and TAKES
        say(event="MIGRATION", data={{"status": "active"}})
        say(event="MIGRATION", data={{"status": "completed" if restored else "failed"}})
        continue
    say(**{{"return": {{}}}})
    if name == "qmp_capabilities" and what == "template":
        if starts_so_far("template") <= KILLED:
            os.kill(os.getpid(), 9)
        if not KEEPS:
            sys.exit(0)
        say(event="STOP", data={{}})
    elif name == "migrate":
        with os.fdopen(given, "wb") as state:
            state.write(b"QEVM a guest's devices")
        say(event="MIGRATION", data={{"status": "completed"}})
    elif name == "cont":
        os._exit(33)
"""


def monitored(
    folder: Path, *, keeps: bool = True, takes: bool = True, killed: int = 0, version: str = "7.2.99"
) -> Path:
    """The program. Its guest does not come to the instant of being kept where `keeps` is False; clones refuse the
    state where `takes` is. The first `killed` templates are killed while they boot."""
    script = folder / "monitored"
    script.write_text(_SCRIPT.format(python=sys.executable, here=folder, version=version))
    machine = _MACHINE.format(here=str(folder), keeps=keeps, takes=takes, killed=killed, version=version)
    script.with_suffix(".py").write_text(machine)
    script.chmod(0o755)
    return script


def starts(folder: Path) -> list[str]:
    """What was started so far: `template`, `clone` or `boot`, in order."""
    log = folder / "started"
    return log.read_text().split() if log.exists() else []
