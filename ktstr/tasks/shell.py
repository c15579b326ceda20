"""`shell`: open a shell in a guest."""

from __future__ import annotations

from collections.abc import Sequence

from invoke import Context, Exit, task

__all__ = ["shell"]


@task(
    iterable=["include_files"],
    help={
        "include_files": "pack this file or folder below /include-files, with the libraries that programs need; may be"
        " given several times",
        "kernel": "which kernel: 7.0.13, 7.0, latest, auto (default), or an image: ./bzImage, /boot/vmlinuz-7.0.13",
        "topology": "NUMA nodes, LLCs, cores per LLC, threads per core: 1n2l4c1t",
        "memory": "the guest's memory in MiB",
        "test": "the guest of this test: its topology, memory, kernel arguments, sysctls, scheduler and files",
        "exec": "run this command instead of a shell, with its output and exit status as ours",
        "dmesg": "also show the kernel's messages, on standard error",
    },
)
def shell(
    _context: Context,
    include_files: Sequence[str] | None = None,
    kernel: str | None = None,
    exec: str | None = None,
    topology: str | None = None,
    memory: str | None = None,
    test: str | None = None,
    dmesg: bool = False,
) -> None:
    """Start a guest and open a shell in it.

    ktstr shell --kernel 7.0
    ktstr shell --kernel 7.0 --test smoke
        ktstr shell --kernel ./arch/x86/boot/bzImage
    ktstr shell --kernel 7.0 --exec 'uname -r; nproc'
    """
    from pathlib import Path

    from ktstr.base.waiting import waiting

    if kernel is not None:
        from ktstr.kernel.spec import parse

        parse(kernel)  # what is no kernel is told before all that a guest needs is imported
    with waiting("preparing a guest"):
        from ktstr.shell.guest import Request
        from ktstr.shell.session import run_shell

    request = Request(
        kernel=kernel,
        topology=topology,
        memory_mb=memory,
        test=test,
        include=[Path(name) for name in include_files or ()],
        command=exec,
        kernel_log=dmesg,
    )
    if status := run_shell(request):
        raise Exit(code=status)
