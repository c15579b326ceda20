"""The `cache` task: what it shows, finds altered, and removes."""

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from invoke import Program
from vm_monitored import monitored
from vm_stand_in import a_job

from ktstr.base import cache, seal
from ktstr.base.upkeep import contents
from ktstr.tasks import cache as module
from ktstr.tasks import gather
from ktstr.vm.qemu.accel import Accel
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.run import run


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("KTSTR_CACHE_LIMIT_GB", raising=False)
    monkeypatch.chdir(tmp_path)  # where no runs are
    return tmp_path / "cache"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache with a template that was used two hours ago, and a remembered result."""
    monkeypatch.setattr("ktstr.vm.run.find_qemu", find_qemu.__wrapped__)
    monkeypatch.setenv("KTSTR_QEMU", str(monitored(tmp_path)))
    run(replace(a_job(tmp_path), clock="virtual"), Accel("tcg", "virtual", "a test"), tmp_path / "run")
    (template,) = cache.entries("templates")
    used = template.used - 7_300
    os.utime(template.path, (used, used))
    return template.path


def said(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Status and output of the task."""
    status = 0
    try:
        Program(namespace=gather(module)).run(["ktstr", "cache", *options])
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    captured = capsys.readouterr()
    # How many questions compilers were asked depends on those that this host has. The first line says what is going on.
    beside = ("answers ", "counting what the cache holds")
    lines = [line for line in captured.out.splitlines(keepends=True) if not line.startswith(beside)]
    return status, "".join(lines) + captured.err


def test_an_empty_cache_is_reported(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == (
        0,
        f"KIND  ENTRIES  SIZE\n\n{root}: 0.0 MB of 20.00 GB (KTSTR_CACHE_LIMIT_GB)\n",
    )


def test_kinds_and_templates_are_aligned_tables(
    kept: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (kept / "node-0").open("r+b") as memory:
        memory.write(os.urandom(2**20))
    status, output = said(capsys)
    lines = output.splitlines()
    assert status == 0
    assert lines[0] == "KIND       ENTRIES    SIZE"
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["build", "1"],
        ["initramfs", "1"],
        ["results", "1"],
    ]
    assert lines[4] == "templates        1  1.1 MB"
    assert lines[6:8] == [
        "TEMPLATE                  KERNEL  TOPOLOGY  CLOCK    ACCEL  QEMU      SIZE     USED",
        f"{kept.name}  7.0.13  1n1l2c1t  virtual  tcg    7.2.99  1.1 MB  2 h ago",
    ]
    assert lines[9] == f"{root}: 1.1 MB of 20.00 GB (KTSTR_CACHE_LIMIT_GB)"


def test_a_template_in_use_is_marked(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with cache.in_use("templates", kept.name, touch=False):
        assert said(capsys)[1].splitlines()[7].endswith("  2 h ago  in use")


def test_programs_get_json(kept: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output = said(capsys, "--json")
    told = json.loads(output)
    assert status == 0
    assert told["path"] == str(root)
    assert told["limit_bytes"] == 20 * 10**9
    assert {kind["kind"]: kind["count"] for kind in told["kinds"]}["results"] == 1
    (template,) = told["templates"]
    assert (template["key"], template["topology"], template["in_use"]) == (kept.name, "1n1l2c1t", False)
    assert (told["altered"], told["removed"]) == ({}, [])


def test_listing_does_not_count_as_use(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = kept.stat().st_mtime
    said(capsys, "--verify")
    assert kept.stat().st_mtime == before


def test_unchanged_templates_verify(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--verify")[0] == 0
    assert kept.is_dir()


def test_an_altered_template_is_named_and_removed(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (kept / "node-0").open("r+b") as memory:
        memory.write(b"M")
    status, output = said(capsys, "--verify")
    assert status == 1
    assert (
        output.splitlines()[0] == f"altered, removed: templates/{kept.name}: node-0: its content has changed"
    )
    assert output.splitlines()[1].startswith("altered, removed: results/"), "the damage may be what it shows"
    assert output.splitlines()[1].endswith(f": made of templates/{kept.name}")
    assert not kept.exists()
    assert cache.entries("results") == []
    assert said(capsys, "--verify")[0] == 0


def test_what_changed_on_the_disk_by_itself_is_found_with_all_that_was_made_of_it(
    kept: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its stamp is as it was, so that only reading it shows the change."""
    (initramfs,) = cache.entries("initramfs")
    with (initramfs.path / "initramfs.cpio").open("r+b") as archive:
        archive.write(b"9")
    stat = (initramfs.path / "initramfs.cpio").stat()
    sealed = json.loads(seal.seal_of(initramfs.path).read_text())
    sealed["initramfs.cpio"]["stamp"] = [stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]
    seal.seal_of(initramfs.path).write_text(json.dumps(sealed))
    status, output = said(capsys, "--verify", "--json")
    (result,) = (name for name in json.loads(output)["altered"] if name.startswith("results/"))
    assert status == 1
    assert json.loads(output)["altered"] == {
        f"initramfs/{initramfs.key}": "initramfs.cpio: its content has changed",
        f"templates/{kept.name}": f"made of initramfs/{initramfs.key}",
        result: f"made of initramfs/{initramfs.key}",
    }
    assert cache.entries("initramfs", "templates", "results") == []


def test_a_template_without_a_description_is_still_shown(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (kept / "template.json").unlink()
    assert said(capsys)[1].splitlines()[7].split()[1:6] == ["?"] * 5
    status, output = said(capsys, "--verify", "--json")
    assert status == 1
    found = json.loads(output)["altered"]
    assert found.pop(f"templates/{kept.name}") == "template.json: No such file or directory"
    assert list(found.values()) == [f"made of templates/{kept.name}"]


def test_clean_removes_unused_and_unfinished_entries(
    kept: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = root / "templates" / ".k.partial"
    half.mkdir()
    (half / "node-0").write_bytes(bytes(4096))
    with cache.in_use("templates", kept.name):
        lines = said(capsys, "--clean")[1].splitlines()
    assert lines[0].startswith("removed: 1 results, ")
    assert lines[1] == "removed: half made by killed processes, 0.0 MB"
    assert (kept.is_dir(), half.exists(), cache.entries("results")) == (True, False, [])
    assert said(capsys, "--clean")[1].startswith("removed: 1 templates, ")
    assert not kept.exists()
    assert cache.entries("initramfs"), "what is not evictable stays"


def test_a_limit_removes_the_least_recently_used(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (result,), rest = cache.entries("results"), [one for one in contents() if one.kind != "templates"]
    assert said(capsys, "--limit", "1")[1].startswith("KIND")
    limit = sum(one.size for one in rest) / 1e9
    assert said(capsys, "--limit", str(limit))[1].startswith("removed: 1 templates, ")
    assert [entry.key for entry in cache.entries("templates", "results")] == [result.key]


def test_a_limit_spares_what_was_used_just_now_or_else_what_it_is_told(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept.is_dir()
    said(capsys, "--limit", "0")
    assert cache.entries("initramfs"), "used without a lock"
    assert " 1 initramfs, " in said(capsys, "--limit", "0", "--spare", "0")[1]
    assert contents() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--spare", "5"), "ktstr: cache: --spare says what --limit leaves; give --limit as well\n"),
        (("--limit", "much"), "ktstr: cache: --limit much: must be a number of GB, 0 or more\n"),
        (("--limit=-1",), "ktstr: cache: --limit -1: must be a number of GB, 0 or more\n"),
        (
            ("--clean", "--limit", "1"),
            "ktstr: cache: --clean removes all that --limit would; give one of them\n",
        ),
    ],
)
def test_a_mistake_is_one_line_and_status_2_and_removes_nothing(
    kept: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    assert said(capsys, *options) == (2, message)
    assert kept.is_dir()


def test_an_invalid_limit_in_the_environment_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KTSTR_CACHE_LIMIT_GB", "many")
    message = "ktstr: KTSTR_CACHE_LIMIT_GB=many: must be a number of GB, 0 or more\n"
    assert said(capsys) == said(capsys, "--json") == (2, message)


def test_kernels_what_killed_processes_left_and_a_projects_runs_are_listed(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project, left = tmp_path / "project", tmp_path / "ktstr-shell-1.scratch"
    folders = [root / "kernels" / "7.0.13-debian-0123", left]
    folders += [
        project / "target/ktstr/history/7.0.13-nogit" / f"2026010{day}T030405.000000Z" for day in (1, 2)
    ]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(os.urandom(10**6))
    os.utime(left, (0, 0))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(project)
    assert said(capsys)[1].splitlines()[-3:] == [
        f"{root}: 1.0 MB of 20.00 GB (KTSTR_CACHE_LIMIT_GB); kernels, 1.0 MB, stay until kernel-clean",
        f"{tmp_path}: 1.0 MB left by killed processes; --clean removes it",
        "target/ktstr: 2 runs of this project, 2.0 MB; --runs N keeps the newest",
    ]
    assert said(capsys, "--clean")[1].startswith("removed: half made by killed processes, 1.0 MB\n")
    assert said(capsys, "--runs", "1")[1].startswith("removed: 1 run of this project\n")
    assert [folder.exists() for folder in folders] == [True, False, False, True]
