"""The upkeep of the kernels in the cache."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest
from invoke.context import Context

from ktstr.base.cache import cache_dir
from ktstr.base.errors import KtstrError
from ktstr.kernel.clean import clean
from ktstr.kernel.store import cached, entries
from ktstr.tasks.kernel import kernel_clean, kernel_list

HOLD = "import sys; from ktstr.kernel.resolve import resolve; resolve(sys.argv[1]); print('held', flush=True); input()"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_OFFLINE", "1")


def add(version: str, source: str = "debian", *, age_s: float = 0.0, sched_ext: bool = True) -> str:
    key = f"{version}-{source}-0123abcd"
    folder = cache_dir() / "kernels" / key
    folder.mkdir(parents=True)
    (folder / "vmlinux").write_bytes(bytes(1000))
    (folder / "config").write_text("")
    manifest = {
        "version": version,
        "release": version,
        "source": "the test",
        "image_sha256": "",
        "machine": platform.machine(),
        "sched_ext": sched_ext,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    os.utime(folder, (time.time() - age_s,) * 2)
    return key


def keys() -> set[str]:
    return {kernel.key for kernel in cached()}


def test_the_newest_of_each_series_are_kept() -> None:
    kept = {add("7.0.13"), add("6.12.107", "built")}
    gone = [add("7.0.12"), add("7.0.2")]
    assert clean(keep=1) == (gone, [])
    assert keys() == kept


def test_old_kernels_are_removed() -> None:
    old, new = add("7.0.1", age_s=8 * 86_400), add("7.0.2", age_s=6 * 86_400)
    assert clean(older_than_s=7 * 86_400) == ([old], [])
    assert keys() == {new}


def test_one_is_removed_by_its_key_or_all() -> None:
    one, *others = add("7.0.1"), add("7.1.1"), add("7.2.1")
    assert clean(key=one) == ([one], [])
    assert clean() == (others[::-1], [])
    assert keys() == set()
    with pytest.raises(KtstrError, match=r"^kernel 7\.0\.1-debian-0123abcd: not in the cache; "):
        clean(key=one)


def test_a_kernel_in_use_stays_until_its_user_ends() -> None:
    key = add("7.0.1")
    command = [sys.executable, "-c", HOLD, key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "held\n"
        assert clean() == ([], [key])
        assert keys() == {key}
        user.kill()
    assert clean() == ([key], [])
    assert keys() == set()


def test_unfinished_builds_are_removed_too() -> None:
    (cache_dir() / "builds/0123abcd/source").mkdir(parents=True)
    assert clean() == (["the unfinished build 0123abcd"], [])
    assert not (cache_dir() / "builds/0123abcd").exists()


def test_the_cache_is_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    key = add("6.12.107", sched_ext=False, age_s=100)
    kernel_list(Context(), json=True)
    (row,) = json.loads(capsys.readouterr().out)
    assert 100 <= row.pop("age_s") < 1000
    assert row.pop("size") == entries()[0].size
    assert row == {
        "version": "6.12.107",
        "key": key,
        "sched_ext": False,
        "end_of_life": None,
        "source": "the test",
    }


def test_the_cache_is_listed_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    add("6.12.107", "built", age_s=2 * 86_400 + 5)
    add("7.0.13", age_s=3700, sched_ext=False)
    kernel_list(Context())
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    cells = [[cell.strip() for cell in line if cell] for line in lines]
    assert cells == [
        ["version", "key", "sched ext", "size", "age", "end of life", "source"],
        ["7.0.13", "7.0.13-debian-0123abcd", "no", "0 MB", "1 h ago", "unknown", "the test"],
        ["6.12.107", "6.12.107-built-0123abcd", "yes", "0 MB", "2 d ago", "unknown", "the test"],
    ]


def test_kernel_clean_needs_to_know_what_to_remove() -> None:
    with pytest.raises(KtstrError, match=r"^kernel-clean: say what to remove: one of --key KEY, --keep N"):
        kernel_clean(Context())
    with pytest.raises(KtstrError, match="say what to remove"):
        kernel_clean(Context(), keep="1", all=True)


def test_the_task_reports_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    key = add("7.0.1")
    kernel_clean(Context(), all=True, json=True)
    assert json.loads(capsys.readouterr().out) == {"removed": [key], "in_use": []}
    kernel_clean(Context(), all=True)
    assert capsys.readouterr().out == "nothing to remove\n"


def test_the_table_fits_100_columns_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    add("6.12.107", "built", age_s=2 * 86_400)
    folder = cache_dir() / "kernels" / add("7.3-rc7", "built", age_s=400 * 86_400)
    data = json.loads((folder / "manifest.json").read_text())
    data["source"] = "built from https://git.example.org/a/long/path/linux.git, main, signature not checked"
    (folder / "manifest.json").write_text(json.dumps(data))
    with (folder / "vmlinux").open("r+b") as image:
        image.truncate(12_345_000_000)
    (cache_dir() / "kernels" / add("6.16.1") / "config").unlink()
    kernel_list(Context())
    table = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("damaged: ")]
    assert len(table) == 4
    assert max(map(len, table)) <= 100
