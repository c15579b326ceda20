"""Bisection over published kernels, with a scheduler that works before 7.1 and fails since; killed, it continues."""

import re
import signal
import subprocess
import sys
from pathlib import Path

from ktstr import Ctx, ktstr_test
from ktstr.bisect.history import subject_of
from ktstr.bisect.search import most_runs

ROOT = Path(__file__).parents[2]
TEST = "tests/guest/bisected.py::runs_under_choosy"
BISECT = [
    *(sys.executable, "-c", "from ktstr.tasks import main; main()", "bisect"),
    *("--test", TEST, "--good", "7.0", "--bad", "7.1"),
]


def expected() -> tuple[str, int]:
    """The first release that has sub-schedulers, and the most runs that it takes to find it, the ends' included."""
    subject = subject_of("7.0", "7.1")
    suspects = subject.suspects([subject.old], subject.new)
    first = min((one for one in suspects if one.startswith("7.1.")), key=lambda one: int(one.split(".")[2]))
    return first, 2 + most_runs(len(suspects))


@ktstr_test()
def a_planted_change_is_found_by_the_fewest_runs(ctx: Ctx) -> None:
    """`ctx` is not used: the test that is bisected has guests of its own."""
    begun = subprocess.Popen(BISECT, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert begun.stderr is not None
    with begun, begun.stderr:
        for line in begun.stderr:
            if re.fullmatch(r"bisect: 7\.0\.\d+: passed\n", line):
                begun.send_signal(signal.SIGKILL)
    assert begun.wait() == -signal.SIGKILL
    done = subprocess.run(BISECT, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, most = expected()
    assert f"the first release to fail: {first}\n" in done.stdout
    assert "bisect: continuing after step 1 of an interrupted bisection; --fresh starts over\n" in done.stderr
    rows = re.findall(r"^ *(?:end|\d+)  7\.", done.stdout, re.MULTILINE)
    assert len(rows) <= most
