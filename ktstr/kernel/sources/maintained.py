"""Which kernels get updates, as kernel.org's releases.json lists them: <https://www.kernel.org/releases.json>."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ktstr.base.download import get
from ktstr.base.errors import KtstrError
from ktstr.kernel.settings import kernel_org_settings
from ktstr.kernel.spec import Version, parse_version

__all__ = ["Maintained", "maintained"]

_RELEASES_LIMIT = 1 << 20


@dataclass(frozen=True)
class Maintained:
    """A kernel of releases.json. `moniker` is mainline, stable, longterm or linux-next; `ended` says that it gets no
    further update."""

    moniker: str
    version: Version
    ended: bool


def maintained() -> list[Maintained]:
    """What kernel.org maintains now; raises `Unreachable`, and KtstrError if the answer is no releases.json."""
    settings = kernel_org_settings()
    what = "kernel.org's list of releases"
    content = get(settings.releases, _RELEASES_LIMIT, what)
    try:
        releases: list[dict[str, Any]] = json.loads(content)["releases"]
        listed = [(str(one["moniker"]), str(one["version"]), bool(one["iseol"])) for one in releases]
    except (ValueError, KeyError, TypeError) as error:
        raise KtstrError(
            f"{what}: {settings.releases}: not a releases.json; a proxy or a login page may have answered"
        ) from error
    # linux-next's versions are dates.
    return [
        Maintained(moniker, parse_version(version), ended)
        for moniker, version, ended in listed
        if re.fullmatch(r"[0-9]+\.[0-9.]+(-rc[0-9]+)?", version)
    ]
