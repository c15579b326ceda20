"""Check whether a run's sidecars report clones under KVM: `check.py made|found target/ktstr`.

`made`: the first test made the template that the others found; `found`: all found it.
"""

import json
import sys
from pathlib import Path


def reported(folder: Path) -> list[str]:
    """What the sidecars of test_steady.py report, a line each."""
    lines = []
    for path in sorted(folder.glob("*/*one_cpu-*.json")):
        case = json.loads(path.read_text())
        said = [case["test"], case["outcome"], case["accelerator"], case["clock"]]
        for result in (run["result"] for run in case["runs"]):
            said += [result["start"], "template " + ("made" if result["template_boot_s"] else "found")]
        lines.append(", ".join(map(str, said)))
    return lines


def main() -> int:
    """The exit status: 0 if the sidecars report what was expected."""
    template, folder = sys.argv[1:]
    wanted = [
        f"eevdf_one_cpu, passed, kvm, real, clone, template {template}",
        "one_cpu, passed, kvm, real, clone, template found",
    ]
    lines = reported(Path(folder))
    print(f"kvm-nested: {'; '.join(lines)}")
    if lines == wanted:
        return 0
    print(f"kvm-nested: wanted: {'; '.join(wanted)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
