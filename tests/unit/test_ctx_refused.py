"""What the host refuses while a run is prepared is one line: the test, the file, the reason."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from fake_executor import FakeExecutor, recorded
from run_data import a_test, build_nothing
from vm_stand_in import a_job

from ktstr import CgroupDef, Ctx, KtstrError, Scheduler
from ktstr.base.topology import Topology

MINE = Scheduler(name="mine", bpf=Path("mine.bpf.c"))
TEST = a_test(scheduler=MINE, topology=Topology(1, 1, 2, 1))


@pytest.mark.parametrize("place", ["ktstr.run.context.scheduler_program", "ktstr.run.execute.scenario_job"])
@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            OSError(errno.EACCES, os.strerror(errno.EACCES), "/tmp/x.scratch"),
            "/tmp/x.scratch: Permission denied",
        ),
        # mmap(2) reports no file.
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "Cannot allocate memory"),
    ],
)
def test_a_run_that_cannot_be_prepared_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, refusal: OSError, said: str
) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise refusal

    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    build_nothing(monkeypatch, tmp_path)
    monkeypatch.setattr(place, refused)
    executor = FakeExecutor(recorded("passed"))
    ctx = Ctx(TEST, a_job(tmp_path).kernel, "auto", 1, tmp_path, executor=executor)
    with pytest.raises(KtstrError) as caught:
        ctx.run(CgroupDef("cg", 2))
    assert str(caught.value) == f"{TEST.name}: cannot be prepared: {said}"
    assert executor.jobs == []
