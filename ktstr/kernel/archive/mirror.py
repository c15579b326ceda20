"""The mirrors of Debian, or of Ubuntu, that this host may use, before anybody has looked whether they are."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from ktstr.kernel.archive.deb822 import stanzas
from ktstr.kernel.settings import ArchiveSettings

__all__ = ["APT", "mirrors", "mirrors_from_apt"]

APT = Path("/etc/apt")
"""The folder of apt's configuration."""
_ONE_LINE = re.compile(r"deb\s+(?:\[[^\]]*\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")


def mirrors(settings: ArchiveSettings) -> tuple[list[str], str]:
    """What may be the archive's mirror by its address, and the address to use if none of them is it.

    KTSTR_DEBIAN_MIRROR or KTSTR_UBUNTU_MIRROR is taken as it is. Addresses have no slash at the end.
    """
    if settings.mirror_override:
        return [], settings.mirror_override.rstrip("/")
    return [
        uri.rstrip("/") for uri in mirrors_from_apt(APT, settings.origin)
    ], settings.default_mirror.rstrip("/")


def mirrors_from_apt(etc: Path, origin: str = "Debian") -> list[str]:
    """The addresses in apt's configuration that end like the main archive of `origin`, each once.

    Vendors' archives of packages for Debian end like it, too; only the release file says whose it is. Files of the
    deb822 format come first: they are where Debian itself, from 13 on, writes its mirror.
    """
    entries = [
        entry for path in sorted(etc.glob("sources.list.d/*.sources")) for entry in _deb822(_read(path))
    ]
    for path in (etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))):
        entries += _one_line(_read(path))
    return list(
        dict.fromkeys(uri for uri, components in entries if _is_main(uri, origin) and "main" in components)
    )


def _is_main(uri: str, origin: str) -> bool:
    """Whether this may be the main archive: its others have other names at the end of the path."""
    parts = urlsplit(uri)
    return parts.scheme in ("http", "https") and parts.path.rstrip("/").endswith(f"/{origin.lower()}")


def _one_line(text: str) -> list[tuple[str, list[str]]]:
    """(address, components) for each `deb` line of the one-line format; see sources.list(5)."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    found = (match for line in lines if (match := _ONE_LINE.fullmatch(line)))
    return [(match["uri"], match["components"].split()) for match in found]


def _deb822(text: str) -> list[tuple[str, list[str]]]:
    """(address, components) for each address of each enabled stanza of the deb822 format."""
    entries = []
    for stanza in stanzas(text.splitlines()):
        fields = {name.lower(): value for name, value in stanza.items()}  # apt takes them in any case
        enabled = fields.get("enabled", "yes").lower() not in ("no", "false", "without", "off", "disable")
        if enabled and "deb" in fields.get("types", "").split():
            entries += [(uri, fields.get("components", "").split()) for uri in fields.get("uris", "").split()]
    return entries


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # missing, or not readable by this user: apt's configuration is only a hint
        return ""
