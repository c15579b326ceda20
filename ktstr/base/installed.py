"""Where the installed ktstr came from, as a requirement that installs the same again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

__all__ = ["Installed", "installed"]


@dataclass(frozen=True)
class Installed:
    """A requirement of pip's (PEP 508), and whether only this machine can follow it.

    It has no spaces, so that it is one word in a list of requirements.
    """

    requirement: str
    local: bool

    @property
    def named_only(self) -> bool:
        """Whether it says no more than a name, so that an index decides what is installed."""
        return "@" not in self.requirement

    @property
    def path(self) -> Path | None:
        """The wheel or the folder that it names on this machine; None if it names none, or a repository."""
        url = urlsplit(self.requirement.partition("@")[2])
        return Path(unquote(url.path)) if url.scheme == "file" else None


def installed(dist: Distribution | None = None) -> Installed:
    """What installs this ktstr again: its version if it came from an index, else its address, wheel or folder.

    pip notes an address in `direct_url.json` (PEP 610). A package that runs from a folder without being installed is
    named without a version.
    """
    try:
        dist = dist or distribution("ktstr")
    except PackageNotFoundError:
        return Installed("ktstr", local=False)
    named = Installed(f"ktstr=={dist.version}", local=False)
    try:
        noted = json.loads(dist.read_text("direct_url.json") or "")
        url = _without_login(noted["url"])
        if vcs := noted.get("vcs_info"):
            url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
        digest = noted.get("archive_info", {}).get("hashes", {}).get("sha256")
    except (ValueError, KeyError, TypeError, AttributeError):
        return named
    local = urlsplit(url.removeprefix("git+")).scheme == "file"
    # A wheel of this machine may be built again, and then has another digest.
    fragments = [f"sha256={digest}"] if digest and not local else []
    fragments += [f"subdirectory={noted['subdirectory']}"] if noted.get("subdirectory") else []
    return Installed(f"ktstr@{url}{'#' if fragments else ''}{'&'.join(fragments)}", local)


def _without_login(url: str) -> str:
    """An address without a user's name and password; `git` is the name that everybody has on such servers."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)) if at and login != "git" else url
