"""What `init` pins: whatever was installed, in each way that pip can install something (PEP 610)."""

from __future__ import annotations

import json
import shlex
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ktstr.base.installed import Installed, installed


def distribution(folder: Path, noted: object) -> Distribution:
    """A ktstr 0.1.0 as pip leaves it, with its note (None: without one; text: not JSON)."""
    info = folder / "ktstr-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: ktstr\nVersion: 0.1.0\n")
    if noted is not None:
        (info / "direct_url.json").write_text(noted if isinstance(noted, str) else json.dumps(noted))
    return PathDistribution(info)


@pytest.mark.parametrize(
    ("noted", "requirement", "local"),
    [
        (None, "ktstr==0.1.0", False),
        ({"url": "file:///home/me/src/ktstr", "dir_info": {}}, "ktstr@file:///home/me/src/ktstr", True),
        (
            {"url": "file:///home/me/src/ktstr", "dir_info": {"editable": True}},
            "ktstr@file:///home/me/src/ktstr",
            True,
        ),
        (
            {
                "url": "file:///home/me/my%20wheels/ktstr-0.1.0-py3-none-any.whl",
                "archive_info": {"hashes": {"sha256": "ab12"}},
            },
            "ktstr@file:///home/me/my%20wheels/ktstr-0.1.0-py3-none-any.whl",
            True,
        ),
        (
            {"url": "https://example.org/k.whl", "archive_info": {"hashes": {"sha256": "ab12"}}},
            "ktstr@https://example.org/k.whl#sha256=ab12",
            False,
        ),
        ({"url": "https://example.org/k.whl", "archive_info": {}}, "ktstr@https://example.org/k.whl", False),
        (
            {
                "url": "https://example.org/ktstr",
                "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": "1a2b"},
            },
            "ktstr@git+https://example.org/ktstr@1a2b",
            False,
        ),
        (
            {"url": "ssh://git@example.org/ktstr", "vcs_info": {"vcs": "git", "commit_id": "1a2b"}},
            "ktstr@git+ssh://git@example.org/ktstr@1a2b",
            False,
        ),
        (
            {"url": "file:///srv/ktstr.git", "vcs_info": {"vcs": "git", "commit_id": "1a2b"}},
            "ktstr@git+file:///srv/ktstr.git@1a2b",
            True,
        ),
        (
            {
                "url": "https://me:secret@example.org/all",
                "vcs_info": {"vcs": "git", "commit_id": "1a2b"},
                "subdirectory": "ktstr",
            },
            "ktstr@git+https://example.org/all@1a2b#subdirectory=ktstr",
            False,
        ),
        # notes that say nothing
        ("{", "ktstr==0.1.0", False),
        ([], "ktstr==0.1.0", False),
        ({"dir_info": {}}, "ktstr==0.1.0", False),
        ({"url": 7}, "ktstr==0.1.0", False),
        ({"url": "https://example.org/k.whl", "vcs_info": {"vcs": "git"}}, "ktstr==0.1.0", False),
    ],
)
def test_what_was_installed_is_pinned(tmp_path: Path, noted: object, requirement: str, local: bool) -> None:
    found = installed(distribution(tmp_path, noted))
    assert found == Installed(requirement, local)
    assert Requirement(found.requirement).name == "ktstr"
    assert shlex.split(found.requirement) == [found.requirement]
