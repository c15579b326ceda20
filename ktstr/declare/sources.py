"""What a scheduler is made of: the fields of a declaration that name files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.values import path_beside, shown, string
from ktstr.declare.variant import Kind

__all__ = ["beside", "bpf_sources", "kind_of", "vmlinux_header"]


def kind_of(given: Sequence[str]) -> Kind:
    """What kind of scheduler it is, by which of binary, binary_path and bpf are given."""
    return "bpf" if "bpf" in given else "program" if given else "kernel"


def beside(where: str, value: object, field: str) -> Path | None:
    """The path in `field`, relative to the declaring file; None if there is none."""
    return None if value is None else path_beside(where, value, field)


def bpf_sources(value: object) -> tuple[object, ...]:
    """The sources of `bpf`, which is one or a list of them."""
    if value is None or isinstance(value, str | Path):
        return () if value is None else (value,)
    if (
        not isinstance(value, list | tuple)
        or not value
        or not all(isinstance(one, str | Path) for one in value)
    ):
        raise KtstrError(f"bpf={shown(value)}: must be a path, or a list of paths that are linked together")
    return tuple(value)


def vmlinux_header(where: str, value: object) -> Path | str:
    """`vmlinux_h`: a file if it is a Path or ends in .h, else a kernel as `--kernel` names it."""
    if isinstance(value, Path) or (isinstance(value, str) and value.endswith(".h")):
        return path_beside(where, value, "vmlinux_h")
    if value is None:
        return ""
    from ktstr.kernel.spec import parse

    text = string(value, "vmlinux_h")
    try:
        parse(text)
    except KtstrError as error:
        raise KtstrError(f"vmlinux_h={text}: neither a header (.h) nor a kernel: {error}") from None
    return text
