"""The Debian mirror this host uses."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from ktstr.kernel.archive.deb822 import stanzas
from ktstr.kernel.settings import DebianSettings

__all__ = ["mirror", "mirror_from_apt"]

_ONE_LINE = re.compile(r"deb\s+(?:\[[^\]]*\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")


def mirror(settings: DebianSettings) -> str:
    """The mirror's address without a trailing slash: KTSTR_DEBIAN_MIRROR, else apt's, else the default."""
    chosen = settings.mirror_override or mirror_from_apt(Path("/etc/apt")) or settings.default_mirror
    return chosen.rstrip("/")


def mirror_from_apt(etc: Path) -> str | None:
    """The first mirror of Debian's main archive (not of its security archive) in apt's configuration."""
    files = [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]
    entries = [entry for path in files for entry in _one_line(_read(path))]
    for path in sorted(etc.glob("sources.list.d/*.sources")):
        entries += _deb822(_read(path))
    return next((uri for uri, components in entries if _is_debian(uri) and "main" in components), None)


def _is_debian(uri: str) -> bool:
    """Whether this is the main archive: other archives have other names at the end of the path."""
    parts = urlsplit(uri)
    return parts.scheme in ("http", "https") and parts.path.rstrip("/").endswith("/debian")


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
