"""Faults injected into ktstr: `nox -s faults -- [kills] [calls] [flips] [--seed 1] [--kills 200] ...`; by default all.

`kills` ends processes of a run at chosen instants, `calls` fails system calls that write, `flips` changes single
bytes of what is kept. After each: no process is left, nothing is half written, no verdict is wrong, and the next run
is right. The status is 1 if anything broke.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import time
from pathlib import Path

from aftermath import Reference
from calls import inject_calls
from flips import inject_flips
from kills import inject_kills
from mirror import Mirror, mirrored
from tally import Tally
from workplace import Workplace, finish, start

PARTS = ("kills", "calls", "flips")
_FOLDER = Path(__file__).parents[2] / "target" / "faults"


def main() -> int:
    """Inject the faults that the command line asks for; the exit status."""
    asked = _arguments()
    tally, began = Tally(), time.monotonic()
    with mirrored() as mirror:
        place = Workplace(_FOLDER, asked.kernel, mirror.url)
        reference = _reference(place, mirror)
        print(f"the run without faults took {time.monotonic() - began:.0f} s", flush=True)
        for part in asked.parts or PARTS:
            # Each part has its own numbers, so that it injects the same whether or not others come before it.
            rng = random.Random(f"{part} {asked.seed}")
            if part == "kills":
                inject_kills(place, reference, asked.kills, rng, tally)
            elif part == "calls":
                inject_calls(place, reference, asked.calls, rng, tally, asked.only)
            else:
                inject_flips(place, reference, asked.flips, rng, tally)
    print(f"\nseed {asked.seed}, {time.monotonic() - began:.0f} s\n{tally.table()}", flush=True)
    if not tally.broken:
        shutil.rmtree(place.folder)
    return 1 if tally.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s faults --", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"one of {', '.join(PARTS)}; by default all")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other faults (default: 1)")
    parser.add_argument("--kills", type=int, default=200, help="how many processes to kill (default: 200)")
    parser.add_argument("--calls", type=int, default=0, help="how many calls to fail (default: each once)")
    parser.add_argument("--only", default="", help="fail calls on paths that contain this text only")
    parser.add_argument(
        "--flips", type=int, default=2, help="bytes to flip in each kind of file (default: 2)"
    )
    parser.add_argument("--kernel", default="7.0", help="the kernel to run on (default: 7.0)")
    asked = parser.parse_args()
    if unknown := [part for part in asked.parts if part not in PARTS]:
        parser.error(f"{unknown[0]}: no such part; accepted are {', '.join(PARTS)}")
    return asked


def _reference(place: Workplace, mirror: Mirror) -> Reference:
    """Fill the cache by a run for which the mirror fetches what is asked; its verdicts."""
    place.set_up()
    ended = finish(place, start(place, "-n0"))
    mirror.cut_off()
    if ended.status != 1 or sorted(one.outcome for one in ended.verdicts.values()) != ["failed", "passed"]:
        sys.exit(f"the run without faults went wrong, status {ended.status}:\n{ended.text}")
    shutil.copytree(place.cache, place.whole)
    place.clear()
    return ended.verdicts


if __name__ == "__main__":
    sys.exit(main())
