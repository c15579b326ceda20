"""The worker's command line, and what the plugin makes of a farm."""

from __future__ import annotations

import importlib.util

import pytest

from ktstr.base.errors import KtstrError
from ktstr.farm.choice import check_extra, executor_of
from ktstr.plugin.workers import at_once
from ktstr.tasks.worker import worker


def test_a_worker_needs_an_address() -> None:
    with pytest.raises(
        KtstrError, match=r"^worker: farm: must be dask://host:8786, or dask\+tls://host:8786$"
    ):
        worker.body(None, "farm")


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="ktstr[farm] is not installed")
@pytest.mark.parametrize("option", ["cores", "memory_mb"])
def test_a_worker_offers_a_number(option: str) -> None:
    shown = option.replace("_", "-")
    with pytest.raises(KtstrError, match=rf"^worker: --{shown} half: must be a whole number above 0$"):
        worker.body(None, "tcp://farm:8786", **{option: "half"})


def test_without_dask_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    why = r"needs Dask, which is not installed: pip install distributed$"
    with pytest.raises(KtstrError, match=rf"^worker: {why}"):
        check_extra("worker")
    with pytest.raises(KtstrError, match=rf"^executor dask://farm:8786: {why}"):
        executor_of("dask://farm:8786")


def test_tests_run_at_once_as_many_as_there_are_cores_elsewhere() -> None:
    assert [at_once(2, capacity) for capacity in (1, 6, 1000)] == [1, 6, 16]
