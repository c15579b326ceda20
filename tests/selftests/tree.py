"""The kernel tree's own tests of sched_ext: where they are, and how their BPF is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from case import Case

from ktstr.base.errors import KtstrError
from ktstr.bpf.build import vmlinux_header
from ktstr.kernel.resolve import resolve
from ktstr.kernel.settings import schedulers_series
from ktstr.kernel.source_tree import SELFTESTS, fetch_tree

__all__ = ["Tree", "find_tree"]


@dataclass(frozen=True)
class Tree:
    """The tests of one kernel source."""

    version: str
    """The kernel's version."""
    folder: Path
    """The folder with a `NAME.c` for each test, and the `.bpf.c` files that they load."""
    cflags: tuple[str, ...]
    """What their BPF needs of clang, besides ktstr's own options."""

    @property
    def tests(self) -> frozenset[str]:
        """The names of the tests: each is a C file that registers itself with the tree's runner."""
        return frozenset(
            path.stem
            for path in self.folder.glob("*.c")
            if not path.name.endswith(".bpf.c") and "REGISTER_SCX_TEST(" in path.read_text()
        )

    def bpf(self, case: Case) -> Path:
        """The BPF source that a case loads."""
        return self.folder / f"{case.bpf or case.of}.bpf.c"


@cache
def find_tree() -> Tree:
    """The tests of the newest published kernel source, or of the series that kernels/sources.toml names.

    The source is fetched unless it is in the cache. KtstrError if it has no such tests.
    """
    source = fetch_tree(schedulers_series())
    folder = source.path / SELFTESTS
    if not any(folder.glob("*.bpf.c")):
        raise KtstrError(
            f"kernel source {source.version}: has no tests in {SELFTESTS}; accepted are sources from 6.12 on, and"
            f" kernels/sources.toml chooses one"
        )
    # They are written against their own kernel's types; what an older kernel lacks, libbpf finds out at load.
    types = vmlinux_header(resolve(str(source.version.series), along=True)[-1])
    cflags = (
        f"-I{source.path / 'tools/sched_ext/include'}",
        # Their headers have the prototypes of kfuncs themselves, and say so before they include vmlinux.h.
        *("-DBPF_NO_KFUNC_PROTOTYPES=", "-include", str(types)),
        # As their own makefile.
        *("-Wno-compare-distinct-pointer-types", "-Wno-incompatible-function-pointer-types"),
    )
    return Tree(str(source.version), folder, cflags)
