"""What the instrument "timeline" writes, and who ran where."""

from pathlib import Path

import pytest
from timeline_data import IDLE, MOMENTS, SPIN, WEB, write_moments

from ktstr.base.errors import KtstrError
from ktstr.instrument.moments import read_moments
from ktstr.instrument.stints import Stint, stints_of


def test_moments_are_in_guest_time(tmp_path: Path) -> None:
    write_moments(tmp_path / "timeline-2.bin")
    assert read_moments(tmp_path / "timeline-2.bin") == MOMENTS


def test_a_call_is_where_it_began(tmp_path: Path) -> None:
    # The plugin notes it at its end.
    write_moments(tmp_path / "timeline-2.bin", (*MOMENTS[:4], MOMENTS[5], MOMENTS[4], MOMENTS[6]))
    assert read_moments(tmp_path / "timeline-2.bin") == MOMENTS


def test_a_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    write_moments(tmp_path / "timeline-2.bin", whole=False)
    with pytest.raises(KtstrError, match=r"timeline-2\.bin: the counts end early"):
        read_moments(tmp_path / "timeline-2.bin")


def test_each_cpu_has_somebody_all_the_time() -> None:
    assert stints_of(MOMENTS) == (
        Stint(0, IDLE, 2000, 2000),
        Stint(1, IDLE, 2000, 2100),
        Stint(0, WEB, 2000, 3000),
        Stint(0, IDLE, 3000, 4500),
        Stint(1, SPIN, 2100, 6000),
        Stint(0, WEB, 4500, 6000),
        Stint(1, IDLE, 6000, 6000),
    )


def test_without_moments_nobody_ran() -> None:
    assert stints_of(()) == ()
