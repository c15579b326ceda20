"""Which seed of a test failed a check first: that one is shrunk, and the others, which most likely show the same."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

__all__ = ["first_seed"]


def first_seed(session: Path, nodeid: str, seed: int, check: str) -> int:
    """The seed with which a test first failed `check`: it is `seed` if no other has been named yet.

    `session` is the folder of the session, whose processes agree on one. `nodeid` has the seed, `--seeds` puts it
    there. A folder that cannot be written makes each seed the first.
    """
    name, _, parameters = nodeid.partition("[")
    others = re.sub(rf"\bseed{seed}\b", "", parameters)
    digest = hashlib.sha256(f"{name}[{others} {check}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    path = session / f"first-{digest}"
    mine = session / f"first-{digest}.{os.getpid()}"
    try:
        mine.write_text(f"{seed}\n")
        try:
            os.link(mine, path)  # appears whole, and once
        except FileExistsError:
            return int(path.read_text())
        finally:
            mine.unlink()
    except (OSError, ValueError):
        pass
    return seed
