"""Tasks about what a guest holds: its files, and its kernel's types."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context
from invoke.tasks import task

__all__ = ["initramfs", "vmlinux_h"]


@task(
    iterable=["program"],
    help={
        "kernel": "for which kernel: 7.0.13, 7.0, latest, auto (default)",
        "program": "also pack this program, with the libraries it needs; may be given several times",
        "output": "write the archive here (default: it stays in the cache)",
    },
)
def initramfs(
    context: Context,
    kernel: str | None = None,
    program: Sequence[str] | None = None,
    output: str | None = None,
) -> None:
    """Pack a guest's initramfs, and list its files with the reason for each.

    ktstr initramfs --kernel 7.0 --program ./my_sched
    """
    import shutil
    import sys
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.base.waiting import waiting

    for path in program or ():
        if not Path(path).is_file():
            raise KtstrError(f"--program {path}: no such file")
    _refuse_no_kernel(kernel)
    with waiting("looking the kernel up", sys.stdout):
        from ktstr.guest.agent import build_agent
        from ktstr.guest.initramfs import base_files, initramfs, program_files
        from ktstr.kernel.resolve import resolve

    chosen = resolve(kernel)[-1]
    files = base_files(build_agent(), chosen.config, chosen.release)
    for path in program or ():
        files += program_files(Path(path).absolute(), f"/ktstr/bin/{Path(path).name}", "given by --program")
    files = list({file.path: file for file in files}.values())
    archive = initramfs(files)
    if output is not None:
        try:
            shutil.copyfile(archive, output)
        except OSError as error:
            raise KtstrError(f"--output {output}: {error.strerror}") from None
    width = max(len(file.path) for file in files)
    for file in sorted(files, key=lambda file: file.path):
        print(f"{file.path:{width}}  {file.source.stat().st_size:>10,}  {file.why}")
    print(f"\n{output or archive}: {archive.stat().st_size:,} bytes, kernel {chosen.version}")


@task(
    help={
        "kernel": "whose types: 7.0.13, 7.0, latest, auto (default)",
        "output": "write it to this file, unless it is there already with this content (default: standard output)",
    }
)
def vmlinux_h(context: Context, kernel: str | None = None, output: str | None = None) -> None:
    """Write vmlinux.h: a kernel's types and the prototypes of its kfuncs, for the build of a BPF program.

    ktstr vmlinux-h --kernel 7.0 --output vmlinux.h
    """
    import sys
    from pathlib import Path

    from ktstr.base.errors import KtstrError
    from ktstr.base.waiting import waiting
    from ktstr.base.whole_file import write_whole

    _refuse_no_kernel(kernel)
    with waiting("looking the kernel up"):
        from ktstr.bpf.build import vmlinux_header
        from ktstr.kernel.resolve import resolve

    chosen = resolve(kernel)[-1]
    text = vmlinux_header(chosen).read_text(encoding="utf-8")
    if output is None:
        sys.stdout.write(text)
        return
    path = Path(output)
    try:
        if not (path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text):
            write_whole(path, text)  # make would build all again for a file that is newer
    except OSError as error:
        raise KtstrError(f"--output {output}: {error.strerror}") from None
    print(f"{output}: kernel {chosen.version}", file=sys.stderr)


def _refuse_no_kernel(text: str | None) -> None:
    """Raise KtstrError for what is no kernel, before all that could get one is imported."""
    from ktstr.kernel.spec import parse

    if text is not None:
        parse(text)
