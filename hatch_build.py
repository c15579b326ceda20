"""What of the package's metadata depends on where it is published. pyproject.toml names this file to hatchling.

`KTSTR_HOME_URL` is the address of the published repository. It is asked for when the wheel is built, because the
source does not know where it will be published; docs/releasing.md has more.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

__all__ = ["Published", "long_description", "urls"]

_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://|#)([^)]+)\)")
_PAGES = {"Documentation": "docs/getting-started.md", "Changelog": "CHANGELOG.md", "Security": "SECURITY.md"}


class Published(MetadataHookInterface):
    """Fills in the fields that pyproject.toml calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add `readme`, and `urls` if an address is known."""
        home = os.environ.get("KTSTR_HOME_URL", "").rstrip("/")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": long_description(text, home)}
        metadata["urls"] = urls(home)


def long_description(readme: str, home: str) -> str:
    """The README as it is read outside the repository: its links are addresses, or plain words if `home` is empty."""
    return _LINK.sub(
        lambda link: f"[{link[1]}]({home}/blob/main/{link[2]})" if home else f"{link[1]} (`{link[2]}`)",
        readme,
    )


def urls(home: str) -> dict[str, str]:
    """The addresses of a project that is published at `home`; none if that is empty."""
    if not home:
        return {}
    pages = {name: f"{home}/blob/main/{page}" for name, page in _PAGES.items()}
    return {"Homepage": home, "Source": home, "Issues": f"{home}/issues", **pages}
