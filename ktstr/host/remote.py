"""The remote cache as `ktstr doctor` and `ktstr cache` show it: whether it answers, and with whom it is shared."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ktstr.base.errors import KtstrError
from ktstr.base.remote.settings import URL, remote_settings
from ktstr.toolchain.compiler import bpf_clang
from ktstr.vm.host import emulator_of_host, emulator_version
from ktstr.vm.names import EMULATOR

__all__ = ["RemoteCache", "remote_cache", "shared_with"]

_EMPTY = "cas/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # the blob without a byte


@dataclass(frozen=True)
class RemoteCache:
    """A remote cache: its address, whether this machine writes to it, and what is wrong with it, or None."""

    url: str
    write: bool
    problem: str | None

    @property
    def text(self) -> str:
        """All of it in a line."""
        if self.problem is not None:
            return f"{self.url}: {self.problem}" if self.url else self.problem
        return f"{self.url}: answers; {'read and written' if self.write else 'read only'}"


def remote_cache() -> RemoteCache | None:
    """The remote cache that the environment names, asked for something; None if it names none."""
    if not os.environ.get(URL):
        return None
    try:
        settings = remote_settings()
    except KtstrError as error:
        return RemoteCache("", False, str(error))
    if settings is None:
        return RemoteCache("", False, f"{URL} is not used: KTSTR_OFFLINE is set")
    from ktstr.base.remote.client import Client, Trouble  # with requests behind it

    try:
        Client(settings).has(_EMPTY)
    except Trouble as trouble:
        return RemoteCache(settings.url, settings.write, str(trouble))
    return RemoteCache(settings.url, settings.write, None)


def shared_with() -> str:
    """With which hosts this one shares results and compiled schedulers, in a line: what they must have, too."""
    try:
        emulator = f"{EMULATOR} {emulator_version()} (build {emulator_of_host().build[:8]})"
    except KtstrError as error:
        return f"no results: {error}"
    try:
        clang = f"those of {bpf_clang().banner} compiled schedulers, too"
    except KtstrError as error:
        clang = f"no compiled schedulers: {error}"
    return f"hosts with {emulator} share results of the virtual clock; {clang}"
