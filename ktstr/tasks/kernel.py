"""Tasks on kernels."""

from __future__ import annotations

from invoke.context import Context
from invoke.tasks import task

__all__ = ["kernel_fetch", "kernel_list", "sched_build"]

_KERNEL = "which kernel: 7.0.13, 7.0, 7, 6.16..7.0, latest, auto"


@task(help={"kernel": _KERNEL})
def kernel_fetch(context: Context, kernel: str | None = None) -> None:
    """Fetch a kernel into the cache."""
    from ktstr.kernel.resolve import resolve

    for one in resolve(kernel):
        print(f"{one.key}  {one.source}")


@task(help={"kernel": f"{_KERNEL}: shows what this means, fetches nothing"})
def kernel_list(context: Context, kernel: str | None = None) -> None:
    """List the kernels in the cache, or what --kernel means."""
    from ktstr.kernel.resolve import cached, candidates

    if kernel is None:
        kernels = cached()
        if not kernels:
            print("no kernel in the cache; `invoke kernel-fetch --kernel 7.0` fetches one")
        _table(
            [(one.version, one.key, "yes" if one.sched_ext else "no", one.source) for one in kernels],
            "sched_ext",
        )
        return
    rows = []
    for candidate in candidates(kernel):
        if candidate.kernel is not None:
            rows.append((str(candidate.version), candidate.kernel.key, "cached", candidate.kernel.source))
        elif candidate.published is not None:
            size = f"{candidate.published.image.size / 1e6:.0f} MB"
            origin = f"Debian {candidate.published.suite}, {candidate.published.trust}"
            rows.append((str(candidate.version), candidate.published.key, size, origin))
    _table(rows, "fetch")


@task(
    help={
        "kernel": "which kernel's types to build with; default: the newest of the source's series",
        "series": 'which kernel source, "7.3" or "newest"; default: kernels/sources.toml',
    }
)
def sched_build(context: Context, kernel: str | None = None, series: str | None = None) -> None:
    """Build the kernel tree's own schedulers (scx_simple, scx_qmap, ...)."""
    from ktstr.kernel.resolve import resolve
    from ktstr.kernel.tools import build_tools

    folder = build_tools(resolve(kernel)[-1] if kernel else None, series)
    for tool in sorted(folder.iterdir()):
        print(tool)


def _table(rows: list[tuple[str, str, str, str]], third: str) -> None:
    """Print rows in aligned columns; nothing where there are none."""
    if not rows:
        return
    table = [("version", "key", third, "source"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    for row in table:
        print("  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]))
