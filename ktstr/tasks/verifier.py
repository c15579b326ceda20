"""`verify`: the verifier sweep over a BPF object."""

from __future__ import annotations

from collections.abc import Sequence

from invoke import Context, Exit, task

__all__ = ["verify"]


@task(
    iterable=["kernel", "preset"],
    help={
        "object": "the BPF object: all its programs are loaded, whatever their type",
        "kernel": "a kernel: 7.0.13, 7.0, 6.16..=7.0, latest, auto (default); may be given several times",
        "preset": "a topology preset (default: tiny-1llc); may be given several times",
        "format": "text (default), json or markdown",
        "raw": "show verifier logs in full",
        "max_insns": "fail a program for which the verifier processes more instructions",
        "attach_timeout": "guest seconds that the object may take (default: 300 or more, by its size)",
        "memory_mb": "MiB of the guest's memory (default: enough for the object's globals)",
        "compare": "show the changes since a run (a directory, a commit) or from another object",
        "max_growth": "with --compare: fail if a program grew by more (default: 10%)",
    },
)
def verify(
    _context: Context,
    object: str,
    kernel: Sequence[str] | None = None,
    preset: Sequence[str] | None = None,
    format: str = "text",
    raw: bool = False,
    max_insns: str | None = None,
    attach_timeout: str | None = None,
    memory_mb: str | None = None,
    compare: str | None = None,
    max_growth: str = "10%",
) -> None:
    """Load a BPF object's programs on any kernels, in guests, and show what each costs the verifier.

    ktstr verify my_sched.bpf.o --kernel 7.0
    """
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.base.waiting import waiting

    try:
        Path(object).open("rb").close()  # before all that loads it in a guest is imported
    except OSError as error:
        raise KtstrError(f"--object {object}: {error.strerror}") from None
    with waiting("reading the object"):
        from ktstr.verifier.command import main

    arguments = [f"--object={object}", f"--format={format}", f"--max-growth={max_growth}"]
    arguments += [f"--kernel={one}" for one in kernel or ()]
    arguments += [f"--preset={one}" for one in preset or ()]
    arguments += ["--raw"] if raw else []
    arguments += [f"--max-insns={max_insns}"] if max_insns is not None else []
    arguments += [f"--attach-timeout={attach_timeout}"] if attach_timeout is not None else []
    arguments += [f"--memory-mb={memory_mb}"] if memory_mb is not None else []
    arguments += [f"--compare={compare}"] if compare is not None else []
    if status := main(arguments, prog="ktstr verify"):
        raise Exit(code=status)
