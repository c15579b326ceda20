"""From a sidecar to the command that runs the test again, and what is reported of a difference."""

import json
from pathlib import Path
from typing import Any

import pytest

from ktstr import KtstrError
from ktstr.base.cache import cache_dir
from ktstr.kernel import store
from ktstr.report.sidecar import file_stem
from ktstr.run.replay import (
    crashed_run,
    differences,
    dump_lines,
    read_sidecar,
    replay_arguments,
    replayed_sidecar,
)


def a_run(digest: str = "job", qemu: str = "7.2.22", events: str = "aa") -> dict[str, Any]:
    return {"job": {"digest": digest}, "result": {"qemu_version": qemu, "events_sha256": events}}


def a_sidecar(folder: Path, **changes: object) -> Path:
    data: dict[str, Any] = {
        "schema": 1,
        "nodeid": "tests/test_mine.py::steady[7.0]",
        "test": "steady",
        "outcome": "failed",
        "kernel": {"version": "7.0.13"},
        "topology": "1n2l4c1t",
        "seed": 7,
        "perturb": False,
        "clock": "virtual",
        "runs": [a_run()],
        **changes,
    }
    path = folder / "target" / "ktstr" / "7.0.13-1234567" / "steady.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


def test_the_test_runs_again_on_the_same_kernel_and_topology(tmp_path: Path) -> None:
    recorded = read_sidecar(a_sidecar(tmp_path))
    assert recorded.root == tmp_path
    assert replay_arguments(recorded) == [
        "tests/test_mine.py::steady[7.0.13]",
        *(
            "--ktstr-kernel",
            "7.0.13",
            "--ktstr-topology",
            "1n2l4c1t",
            "--ktstr-clock",
            "virtual",
            "--ktstr-seed",
            "7",
        ),
        *("--ktstr-perturb", "off", "--ktstr-fresh", "--ktstr-once"),
    ]
    assert replay_arguments(recorded, shrink=True) == replay_arguments(recorded)[:-1]


@pytest.mark.parametrize(("cached_too", "named"), [((), "7.3.4"), (("7.3.4-debian-2",), "7.3.4-built-1")])
def test_the_kernels_key_is_named_if_its_version_is_not_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cached_too: tuple[str, ...], named: str
) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    for key in ("7.3.4-built-1", *cached_too):
        folder = cache_dir() / "kernels" / key
        folder.mkdir(parents=True)
        manifest = {"version": "7.3.4", "release": "7.3.4", "source": "a test", "image_sha256": f"of {key}"}
        store.write(folder, b"", "", manifest)
    kernel = {"version": "7.3.4", "image_sha256": "of 7.3.4-built-1"}
    recorded = read_sidecar(a_sidecar(tmp_path, kernel=kernel))
    assert replay_arguments(recorded)[:3] == [f"tests/test_mine.py::steady[{named}]", "--ktstr-kernel", named]


def test_a_timeline_is_asked_for_as_well(tmp_path: Path) -> None:
    recorded = read_sidecar(a_sidecar(tmp_path))
    more = set(replay_arguments(recorded, timeline=True)) - set(replay_arguments(recorded))
    assert more == {"--ktstr-timeline"}


def test_an_explored_seed_becomes_a_parameter_again(tmp_path: Path) -> None:
    path = a_sidecar(
        tmp_path, nodeid="test_mine.py::steady[7.0-seed7-wide]", test="steady[seed7-wide]", perturb=True
    )
    arguments = replay_arguments(read_sidecar(path))
    assert arguments[0] == "test_mine.py::steady[7.0.13-seed7-wide]"
    assert arguments[arguments.index("--ktstr-seed") :] == [
        "--ktstr-seed",
        "7",
        "--ktstr-seeds",
        "1",
        "--ktstr-perturb",
        "on",
        "--ktstr-fresh",
        "--ktstr-once",
    ]


def test_the_stops_of_an_explored_run_are_made_again(tmp_path: Path) -> None:
    path = a_sidecar(tmp_path, runs=[a_run() | {"interleaving": {"asked": ["point 1 2 3 4"], "stops": []}}])
    arguments = replay_arguments(read_sidecar(path))
    assert arguments[-4:] == ["--ktstr-interleaving", str(path), "--ktstr-fresh", "--ktstr-once"]
    without = a_sidecar(tmp_path, runs=[a_run() | {"interleaving": None}])
    assert "--ktstr-interleaving" not in replay_arguments(read_sidecar(without))


def test_a_test_of_the_gauntlet_runs_on_its_preset_again(tmp_path: Path) -> None:
    one = {"nodeid": "test_mine.py::steady[7.0-smt-2llc-wide]", "test": "steady[smt-2llc-wide]"}
    arguments = replay_arguments(read_sidecar(a_sidecar(tmp_path, topology="1n2l2c2t", **one)))
    assert arguments[0] == "test_mine.py::steady[7.0.13-smt-2llc-wide]"
    assert arguments[3:6] == ["--ktstr-gauntlet", "--ktstr-preset", "smt-2llc"]
    assert "--ktstr-topology" not in arguments


def test_the_replays_sidecar_does_not_replace_the_recorded_one(tmp_path: Path) -> None:
    recorded = read_sidecar(a_sidecar(tmp_path))
    stem = file_stem("tests/test_mine.py::steady[7.0.13]")
    assert replayed_sidecar(recorded, "1234567") == (
        tmp_path / "target" / "ktstr" / "7.0.13-1234567-replay" / f"{stem}.json"
    )


def test_a_copy_from_elsewhere_belongs_to_the_current_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_sidecar(tmp_path).rename(tmp_path / "artifact.json")
    monkeypatch.chdir(tmp_path)
    assert read_sidecar(path).root == tmp_path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"sidecar\.json: No such file or directory; must be a test's sidecar"),
        ("{", r"sidecar\.json: not JSON"),
        ("[]", r"sidecar\.json: not a test's sidecar of schema 1"),
        ('{"schema": 2}', r"sidecar\.json: not a test's sidecar of schema 1"),
    ],
)
def test_a_file_that_is_not_a_sidecar_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "sidecar.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(KtstrError, match=message):
        read_sidecar(path)


def test_a_test_that_ran_no_vm_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(KtstrError, match=r"steady ran no VM .skipped.; there is nothing to replay"):
        read_sidecar(a_sidecar(tmp_path, clock=None, outcome="skipped"))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({}, []),
        ({"outcome": "passed"}, ["it passed now, and failed then"]),
        ({"runs": [a_run(events="bb")]}, ["run 1: other events"]),
        ({"runs": [a_run(qemu="10.0.0", events="bb")]}, ["run 1: another QEMU (7.2.22 then, 10.0.0 now)"]),
        (
            {"runs": [a_run(digest="other", events="bb")]},
            ["run 1: another job (the scheduler, the test, ktstr or a compiler has changed)"],
        ),
        ({"runs": []}, ["0 VM runs now, 1 then"]),
    ],
)
def test_a_difference_is_reported_with_its_cause(now: dict[str, Any], told: list[str]) -> None:
    before = {"outcome": "failed", "runs": [a_run()]}
    assert differences(before, before | now) == told


@pytest.mark.parametrize(
    ("name", "then", "now", "told"),
    [
        (None, None, None, []),
        ("a.dump.json", "maps", "maps", ["run 1: the same failure dump"]),
        ("a.dump.json", "maps", "other maps", ["run 1: another failure dump"]),
        ("a.dump.json", "maps", None, ["run 1: another failure dump"]),
        ("a.dump.json", None, None, ["run 1: another failure dump"]),
    ],
)
def test_a_replayed_crash_says_whether_its_dump_is_the_same(
    tmp_path: Path, name: str | None, then: str | None, now: str | None, told: list[str]
) -> None:
    run = a_run() | {"dump": name}
    recorded = read_sidecar(a_sidecar(tmp_path, runs=[run]))
    replayed = tmp_path / "replayed.json"
    for sidecar, text in ((recorded.path, then), (replayed, now)):
        if text is not None:
            sidecar.with_name(name or "").write_text(text)
    assert dump_lines(recorded, replayed, {"runs": [run]}) == told


def test_the_dump_of_a_second_run_says_nothing_about_a_replay_of_one_run(tmp_path: Path) -> None:
    then = a_run() | {"dump": "a.dump.json", "repro": {"more": "dump"}}
    recorded = read_sidecar(a_sidecar(tmp_path, runs=[then]))
    assert dump_lines(recorded, tmp_path / "replayed.json", {"runs": [a_run()]}) == []


PREVIOUS = Path(__file__).with_name("data") / "previous"


def test_a_sidecar_of_the_previous_release_is_replayed(tmp_path: Path) -> None:
    """As ktstr 0.1.0 wrote it, before jobs named their files by content."""
    path = tmp_path / "target" / "ktstr" / "7.0.13-nogit" / "starves.json"
    path.parent.mkdir(parents=True)
    path.write_bytes((PREVIOUS / "sidecar.json").read_bytes())
    recorded = read_sidecar(path)
    assert replay_arguments(recorded)[0] == f"test_old.py::starves[{recorded.kernel}]"
    assert differences(recorded.data, recorded.data) == []
    with pytest.raises(KtstrError, match=r"^replay: --gdb: starves came to no exit of its scheduler"):
        crashed_run(path, recorded.data)


@pytest.mark.parametrize(
    ("change", "folder"),
    [
        ({"scheduler_exit": {"kind": "stall"}, "kernel_bugs": []}, "run-1"),
        ({"scheduler_exit": None, "kernel_bugs": [{"kind": "panic"}]}, "run-1"),
    ],
)
def test_the_run_that_came_to_an_exit_is_the_one_debugged(
    tmp_path: Path, change: dict[str, Any], folder: str
) -> None:
    path = a_sidecar(tmp_path, runs=[a_run() | {"guest": change}])
    assert crashed_run(path, read_sidecar(path).data) == path.with_suffix("") / folder


def test_a_passed_test_leaves_no_files_to_debug(tmp_path: Path) -> None:
    path = a_sidecar(tmp_path, outcome="passed")
    with pytest.raises(
        KtstrError,
        match=r"^replay: --gdb: steady passed; only of a test that failed are the runs' files kept$",
    ):
        crashed_run(path, read_sidecar(path).data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"nodeid": "--rootdir=/::x"},
            "nodeid '--rootdir=/::x': must be file::test, with a file of the project",
        ),
        ({"nodeid": "../outside/test_x.py::x"}, "must be file::test, with a file of the project"),
        ({"nodeid": "/etc/test_x.py::x"}, "must be file::test, with a file of the project"),
        ({"nodeid": "tests"}, "must be file::test, with a file of the project"),
        ({"nodeid": "test_x.py::x\n--pdb"}, "must be file::test, with a file of the project"),
        ({"kernel": {"version": "-h"}}, r"Expected `str` matching regex .* - at `\$.kernel.version`"),
        ({"kernel": []}, r"Expected `object`, got `array` - at `\$.kernel`"),
        ({"seed": "7; x"}, r"Expected `int`, got `str` - at `\$.seed`"),
        ({"clock": "--pdb"}, r"Invalid enum value '--pdb' - at `\$.clock`"),
        ({"topology": "-k"}, "topology '-k'"),
        ({"runs": [{"job": 1}]}, r"Expected `object`, got `int` - at `\$.runs\[0\].job`"),
        ({"runs": [a_run() | {"dump": "../../x"}]}, r"matching regex .* - at `\$.runs\[0\].dump`"),
    ],
)
def test_a_strangers_sidecar_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(KtstrError, match=message):
        read_sidecar(a_sidecar(tmp_path, **changes))


def test_a_sidecar_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    path = a_sidecar(tmp_path)
    path.write_text("[" * 100_000)
    with pytest.raises(KtstrError, match="not JSON; must be a test's sidecar"):
        read_sidecar(path)
