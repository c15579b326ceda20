"""Only `ktstr/vm/` knows which emulator runs the guests: no other module imports it or names it."""

from __future__ import annotations

import re
from pathlib import Path

import ktstr

PACKAGE = Path(ktstr.__file__).parent
NAMES = re.compile(r"qemu|qmp", re.IGNORECASE)


def test_no_module_outside_vm_names_the_emulator() -> None:
    named = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] != "vm"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if NAMES.search(line)
    ]
    assert named == []
