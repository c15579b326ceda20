"""The kernel configuration that is asked for: `kernels/*.config`, and what a user adds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError
from ktstr.base.machine import machine_of_host
from ktstr.kernel.settings import kernels_dir

__all__ = ["Wanted", "complain", "find_fragment", "read_config", "wanted", "wanted_text"]

# The fragment of the host's machine comes between base and sched_ext.
_PREEMPT = "preempt-dynamic"
_OPTION = re.compile(r"CONFIG_([A-Za-z0-9_]+)=(y|m|n|-?[0-9]+|0x[0-9a-fA-F]+|\"(?:[^\"\\\n]|\\.)*\")")
_UNSET = re.compile(r"# CONFIG_([A-Za-z0-9_]+) is not set")
_OPTIONAL = "# optional:"
# Lines that end an entry of a Kconfig file, or its conditions.
_ENDS = ("help", "config ", "menuconfig ", "choice", "endchoice", "endif", "if ", "menu ", "endmenu")
_LINE_LIMIT = 1 << 20


@dataclass(frozen=True)
class Wanted:
    """A value that an option must have, and who asks for it. `optional` says that a source need not have the option."""

    value: str
    asked_by: str
    optional: bool = False


def wanted(
    fragments: Sequence[str] = (), settings: Sequence[str] = (), *, debug: bool = False
) -> dict[str, Wanted]:
    """What is asked for, by option name without `CONFIG_`: the defaults, then `fragments`, then `settings`.

    A fragment is a name in `kernels/` ("preempt-rt") or a file; a setting is `CONFIG_X=y`. The last one to name an
    option wins. KtstrError if something is not a fragment or not a setting.
    """
    named = [find_fragment(name) for name in fragments]
    # A preemption model that the user names replaces the default one.
    own_model = any(path.name.startswith("preempt-") for path in named)
    names = [
        "base",
        machine_of_host().name,
        "sched_ext",
        *([] if own_model else [_PREEMPT]),
        *(["debug"] if debug else []),
    ]
    options: dict[str, Wanted] = {}
    for path in [*map(find_fragment, names), *named]:
        options |= _read(path)
    for setting in settings:
        match = _OPTION.fullmatch(setting.strip())
        if match is None:
            raise KtstrError(f'--set {setting!r}: accepted are CONFIG_X=y, =n, =m, a number, or ="text"')
        options[match[1]] = Wanted(match[2], f"--set {setting.strip()}")
    return options


def find_fragment(name: str) -> Path:
    """The file of a fragment: of `kernels/` by its bare name, else the file itself."""
    shipped = kernels_dir() / f"{name}.config"
    if re.fullmatch(r"[a-z0-9_-]+", name) and shipped.is_file():
        return shipped
    if Path(name).is_file():
        return Path(name)
    known = ", ".join(sorted(path.stem for path in kernels_dir().glob("*.config")))
    raise KtstrError(f"--config {name}: no such file, and not one of {known}")


def wanted_text(options: Mapping[str, Wanted]) -> str:
    """The options as a file for kconfig's `KCONFIG_ALLCONFIG`, in an order that depends on nothing but them."""
    return "".join(f"CONFIG_{name}={options[name].value}\n" for name in sorted(options))


def read_config(text: str) -> dict[str, str]:
    """The options of a `.config` that are not n."""
    lines = (line.partition("=") for line in text.splitlines() if line.startswith("CONFIG_"))
    return {name.removeprefix("CONFIG_"): value for name, _, value in lines}


def complain(options: Mapping[str, Wanted], config: Mapping[str, str], tree: Path) -> str | None:
    """Which options of `config` do not have the wanted value, and what each depends on; None if all have it."""
    wrong = [name for name, want in sorted(options.items()) if config.get(name, "n") != want.value]
    if not wrong:
        return None
    kconfig = _definitions(tree, wrong)
    reasons = [
        f"CONFIG_{name} is {config.get(name, 'n')}, not {options[name].value} (asked for by {options[name].asked_by}): "
        + _reason(kconfig.get(name, []), config)
        for name in wrong
        if name in kconfig or not options[name].optional
    ]
    return "; ".join(reasons) or None


def _read(path: Path) -> dict[str, Wanted]:
    options: dict[str, Wanted] = {}
    optional = False
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KtstrError(f"fragment {path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if match := _OPTION.fullmatch(line.strip()):
            options[match[1]] = Wanted(match[2], path.name, optional)
        elif match := _UNSET.fullmatch(line.strip()):
            options[match[1]] = Wanted("n", path.name, optional)
        elif line.strip() and not line.startswith("#"):
            raise KtstrError(
                f"fragment {path}, line {number}: {line.strip()[:80]!r}: accepted are CONFIG_X=y"
            )
        optional = line.startswith(_OPTIONAL)
    return options


@dataclass(frozen=True)
class _Definition:
    where: str
    depends: str


def _definitions(tree: Path, names: Sequence[str]) -> dict[str, list[_Definition]]:
    """Where the source's Kconfig files define each of `names`, and what it depends on there."""
    heads = re.compile(rf"^\s*(?:menu)?config ({'|'.join(map(re.escape, names))})\s*$")
    found: dict[str, list[_Definition]] = {}
    for path in sorted(tree.rglob("Kconfig*")):
        # Options of other architectures have the same names and other conditions.
        parts = path.relative_to(tree).parts
        if parts[0] == "arch" and len(parts) > 2 and parts[1] != machine_of_host().kernel_arch:
            continue
        if not path.is_file() or path.stat().st_size > _LINE_LIMIT:
            continue
        lines = path.read_text(errors="replace").replace("\\\n", " ").splitlines()
        for number, line in enumerate(lines):
            if match := heads.match(line):
                depends = _depends(lines[number + 1 :])
                found.setdefault(match[1], []).append(_Definition(f"{path.relative_to(tree)}", depends))
    return found


def _depends(lines: Sequence[str]) -> str:
    """The conditions of the entry whose body `lines` begins with."""
    conditions = []
    for line in lines:
        text = line.strip()
        if text.startswith(_ENDS):
            break
        if text.startswith("depends on "):
            conditions.append(text.removeprefix("depends on ").partition(" #")[0].strip())
        elif " if " in text and text.startswith(("bool", "tristate", "prompt")):
            conditions.append(text.rpartition(" if ")[2])
    return " && ".join(f"({one})" if "||" in one else one for one in conditions)


def _reason(definitions: Sequence[_Definition], config: Mapping[str, str]) -> str:
    if not definitions:
        return "this source has no such option"
    reasons = []
    for one in definitions:
        symbols = dict.fromkeys(re.findall(r"\b[A-Z][A-Z0-9_]+\b", one.depends))
        off = [name for name in symbols if config.get(name, "n") == "n" and f"!{name}" not in one.depends]
        on = [name for name in symbols if config.get(name, "n") != "n" and f"!{name}" in one.depends]
        state = [f"CONFIG_{name} is n" for name in off] + [f"CONFIG_{name} is {config[name]}" for name in on]
        reasons.append(
            f"it depends on {one.depends}, and {', '.join(state)} ({one.where})"
            if state
            else f"another option decides it, see {one.where}"
        )
    return " or ".join(reasons)
