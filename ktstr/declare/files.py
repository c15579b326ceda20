"""The files that a declaration brings into the guest, and how a scheduler's arguments name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.base.values import mapping, path_beside, shown, string

__all__ = ["GuestFile", "Inline", "checked_files", "filled_in", "place_of", "refuse_unknown_names"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_PLACEHOLDER = re.compile(
    r"\{(?P<literal>\{[A-Za-z_][A-Za-z0-9_.-]*\})\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\}"
)
# What the guest has there is the kernel's, or ktstr's own.
_TAKEN = ("/boot", "/dev", "/init", "/ktstr", "/proc", "/sys")


@dataclass(frozen=True)
class Inline:
    """The content of a file of `files=`, given instead of a path: a text, or a function of the guest's topology to one.

    KtstrError for anything else.
    """

    text: str | Callable[[Topology], str]
    """The text, or the function."""

    def __post_init__(self) -> None:
        """Check the text."""
        if not callable(self.text):
            _text(self.text, "Inline")

    def of(self, topology: Topology, field: str) -> str:
        """The text in a guest of `topology`; KtstrError, naming `field`, if a function gives none."""
        if not callable(self.text):
            return self.text
        return _text(self.text(topology), f"{field} for topology {topology}")


GuestFile = Path | Inline
"""What a file of `files=` is made from: a file or folder of the host, or its content."""


def checked_files(given: object, where: str, field: str = "files") -> Mapping[str, GuestFile]:
    """`files` of a declaration in the file `where`; KtstrError for a name or a content that is not acceptable."""
    files: dict[str, GuestFile] = {}
    for name, content in mapping(given, field).items():
        of = f"{field}[{name!r}]"
        if name.startswith("/"):
            _refuse_place(name, of)
        elif not _NAME.fullmatch(name):
            raise KtstrError(
                f"{of}: must be a name of letters, digits, '_', '-' or '.', such as layers.json, or an absolute path of"
                " the guest"
            )
        if isinstance(content, Inline):
            files[name] = content
        elif isinstance(content, str | Path) and str(content) and "\n" not in str(content):
            files[name] = path_beside(where, content, of)
        else:
            raise KtstrError(f"{of}={shown(content)}: must be the path of a file or folder, or Inline(text)")
    return files


def refuse_unknown_names(arguments: Sequence[str], files: Mapping[str, object], field: str) -> None:
    """KtstrError if one of the arguments names a file, `{name}`, that there is not."""
    for argument in arguments:
        for found in _PLACEHOLDER.finditer(argument):
            if (name := found["name"]) is not None and name not in files:
                known = ", ".join(one for one in files if not one.startswith("/")) or "none"
                raise KtstrError(
                    f"{field}: {{{name}}}: no file of that name in files=; there is {known} (a literal"
                    f" {{{name}}} is written {{{{{name}}}}})"
                )


def filled_in(arguments: Sequence[str], places: Mapping[str, str]) -> tuple[str, ...]:
    """The arguments with the place in the guest for each `{name}`; `places` has all names that they have."""
    return tuple(
        _PLACEHOLDER.sub(lambda found: found["literal"] or places[found["name"]], one) for one in arguments
    )


def place_of(name: str, folder: str) -> str:
    """Where the guest has the file `name` of a scheduler: at that path if it is one, else in its `folder`."""
    return name if name.startswith("/") else f"/ktstr/files/{folder}/{name}"


def _refuse_place(path: str, field: str) -> None:
    pure = PurePosixPath(path)
    if str(pure) != path or ".." in pure.parts or path == "/":
        raise KtstrError(f"{field}: must be a plain absolute path of the guest, without '.' and '..'")
    if taken := next((one for one in _TAKEN if path == one or path.startswith(f"{one}/")), None):
        raise KtstrError(f"{field}: {taken} of the guest is not the declaration's; take another folder")


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise KtstrError(f"{field}={shown(value)}: must be a text, or a function of the topology to one")
    return string(value, field)
