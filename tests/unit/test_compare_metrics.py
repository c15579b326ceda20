"""`ktstr metrics`: the numbers of a sidecar, and the registry with a project's thresholds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from invoke import Context
from kept_runs import a_record
from recorded_runs import BEFORE, keep_recorded, recorded

from ktstr import KtstrError
from ktstr.compare.kinds import kinds_lines, kinds_of
from ktstr.compare.registry import METRICS
from ktstr.compare.thresholds import project_thresholds
from ktstr.compare.values import values_of
from ktstr.tasks.compare import metrics


def numbers(*runs: dict[str, object]) -> dict[str, float]:
    return {value.name: value.number for value in values_of({"runs": runs})}


def test_a_recorded_test_has_these_numbers() -> None:
    of_fixture = next(one for one in recorded(BEFORE, "7.0.13") if one["scheduler"]["name"] == "mine")
    found = {value.name: round(value.number, 3) for value in values_of(of_fixture)}
    assert found == {
        "throughput[bursty]": 45836.777,
        "throughput[spin_wait]": 316373.981,
        "off_cpu_pct": 46.475,
        "gap_ms": 24.225,
        "share_pct[batch]": 86.971,
        "share_pct[web]": 13.029,
        "wakeup_p50_ms[batch]": 0.213,
        "wakeup_p99_ms[batch]": 9.66,
        "wakeup_longest_ms[batch]": 9.66,
        "wait_p99_ms[batch]": 24.183,
        "slice_p50_ms[batch]": 7.34,
        "wait_longest_ms[batch]": 24.183,
        "idle_wait_ms[batch]": 0.113,
        "preemptions[batch]": 286.932,
        "llc_moves[batch]": 0.0,
        "wakeup_p50_ms[web]": 2.097,
        "wakeup_p99_ms[web]": 4.194,
        "wakeup_longest_ms[web]": 14.461,
        "wait_p99_ms[web]": 4.194,
        "slice_p50_ms[web]": 1.049,
        "wait_longest_ms[web]": 14.461,
        "idle_wait_ms[web]": 0.0,
        "preemptions[web]": 6.998,
        "llc_moves[web]": 0.0,
        "wasted_ms": 0.567,
        "requests": 45867.0,
    }


def test_a_sweep_has_costs_of_each_program() -> None:
    program = {"name": "enqueue", "verified_insns": 120, "jited_bytes": 500}
    found = numbers(a_record(programs=[program], map_bytes=8192))
    costs = {name: number for name, number in found.items() if METRICS.get(name.partition("[")[0], None)}
    assert costs.items() >= {
        ("verified_insns[enqueue]", 120.0),
        ("jited_bytes[enqueue]", 500.0),
        ("map_bytes", 8192.0),
    }


def test_a_payloads_number_is_named_with_it_and_its_phase() -> None:
    number = {"payload": "fio", "name": "p99", "value": 3, "unit": "ms", "better": "lower", "phase": "load"}
    none = {**number, "name": "p50", "value": None}
    assert numbers(a_record(metrics=[number, none]))["fio.p99[load]"] == 3.0
    assert "fio.p50[load]" not in numbers(a_record(metrics=[number, none]))


def test_a_monitors_series_of_one_cpu_are_left_out() -> None:
    record = a_record()
    record["guest"]["monitor"] = {"series": {"cpu0.idle": [1, 0], "idle_cpus": [1, None, 3], "cpuload": [1]}}
    found = {name: number for name, number in numbers(record).items() if name.startswith("monitor")}
    assert found == {
        "monitor_mean[idle_cpus]": 2.0,
        "monitor_max[idle_cpus]": 3.0,
        "monitor_mean[cpuload]": 1.0,
        "monitor_max[cpuload]": 1.0,
    }


def test_the_numbers_of_a_second_run_are_its_own() -> None:
    first = numbers(a_record(recorded=[{"name": "frames", "value": 3.0, "unit": "", "better": ""}]))
    both = numbers(
        a_record(), a_record(recorded=[{"name": "frames", "value": 3.0, "unit": "", "better": ""}])
    )
    assert first["frames"] == both["frames[run 2]"] == 3.0


def test_a_project_has_its_own_thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(
        "[tool.ktstr]\nseed = 7\n[tool.ktstr.metrics]\n"
        'wait_p99_ms = { relative = "30%", absolute = 2 }\nrequests = { better = "higher" }\n'
        "frames = { relative = 0.5 }\n"
    )
    kinds = kinds_of(recorded(BEFORE, "7.0.13"), project_thresholds(tmp_path))
    lines = {line.split()[0]: line.split()[1:5] for line in kinds_lines(kinds)}
    assert lines["wait_p99_ms"] == ["ms", "lower", "30%", "2"]
    assert lines["requests"] == ["1/s", "higher", "5%", "-"]
    assert lines["frames"] == ["-", "-", "50%", "-"]
    assert [kind.source for kind in kinds][-2:] == ["ctx.record", "in no run that was looked at"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gap_ms = 3", "gap_ms = 3: must be a table with absolute, relative, better"),
        (
            "gap_ms = { relativ = 3 }",
            "gap_ms: relativ: unknown key; near is relative; must be one of absolute, relative, better",
        ),
        ("gap_ms = { relative = '10' }", "gap_ms: relative = '10': must be a number such as 0.1, or '10%'"),
        ("gap_ms = { relative = -1 }", "gap_ms: relative = -1: must be a number, 0 or more"),
        ("gap_ms = { absolute = true }", "gap_ms: absolute = True: must be a number, 0 or more"),
        ("gap_ms = { absolute = nan }", "gap_ms: absolute = nan: must be a number, 0 or more"),
        ("gap_ms = { better = 'less' }", "gap_ms: better = 'less': must be 'lower', 'higher' or ''"),
    ],
)
def test_a_mistake_in_a_threshold_is_one_line(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(f"[tool.ktstr.metrics]\n{text}\n")
    with pytest.raises(KtstrError) as error:
        project_thresholds(tmp_path)
    assert str(error.value) == f"pyproject.toml: [tool.ktstr.metrics] {message}"


def test_thresholds_that_are_no_table_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text("[tool.ktstr]\nmetrics = 3\n")
    with pytest.raises(KtstrError, match=r"^pyproject.toml: \[tool.ktstr\] metrics = 3: must be a table$"):
        project_thresholds(tmp_path)


def test_the_command_prints_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    metrics(Context())
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(METRICS)
    keep_recorded(tmp_path)
    metrics(Context(), json=True)
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == [*METRICS, "requests"]
    assert listed[0] == {
        "name": "wakeup_p50_ms",
        "unit": "ms",
        "better": "lower",
        "source": "latency of a cgroup's workers: from wakeup to a CPU, the worst p50",
        "absolute": 0.1,
        "relative": 0.15,
        "exact": False,
    }
