"""The headers of the kernel tree's own schedulers, `<scx/common.bpf.h>`, for a source that includes them.

They fit the types of their own series and of later ones. CO-RE relocates what is compiled with those for the kernel
that runs, as it does for the tree's own schedulers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.bpf.build import vmlinux_header
from ktstr.kernel.source_tree import kept_tree
from ktstr.kernel.tools import tree_types
from ktstr.toolchain.preprocessed import header_folders

__all__ = ["TreeHeaders", "needs_tree_headers", "tree_headers"]

_INCLUDES = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]scx/', re.MULTILINE)
_HEADER = "scx/common.bpf.h"
# tools/sched_ext/Makefile passes it: the tree's macros compare pointers of different types.
_CFLAGS = ("-Wno-compare-distinct-pointer-types",)


@dataclass(frozen=True)
class TreeHeaders:
    """The folder `include` of a tree, the `vmlinux.h` that fits it, and further options of clang."""

    include: Path
    types: Path
    cflags: tuple[str, ...] = _CFLAGS


def needs_tree_headers(sources: Sequence[Path], cflags: Sequence[str]) -> bool:
    """Whether a source includes the tree's headers, and neither its folder nor one that `cflags` name has them."""
    for source in sources:
        if source.name.endswith(".bpf.c") and source.is_file() and _INCLUDES.search(source.read_bytes()):
            folders = [source.parent, *(source.parent / one for one in header_folders(cflags))]
            if not any((folder / _HEADER).is_file() for folder in folders):
                return True
    return False


def tree_headers() -> TreeHeaders:
    """Those of the source in the cache that the kernel tree's schedulers are built from; else it is fetched."""
    tree = kept_tree()
    return TreeHeaders(tree.path / "tools/sched_ext/include", vmlinux_header(tree_types(tree)))
