"""Every option of every task: with a value, with a wrong one, and with none.

A task that needs a network or a VM for its work says so here, because the cache is empty and there is no network: what
is pinned is that an option is understood, and that nothing ends in a traceback.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import enter_project, ktstr

from ktstr.tasks.menu import contexts

# An option that takes a value: the words before it, a value, a wrong value, and what is said of that.
VALUES: dict[tuple[str, str], tuple[tuple[str, ...], str, str, str]] = {
    ("bisect", "--test"): (
        ("--good", "7.0", "--bad", "7.3"),
        "smoke",
        "smke",
        "test smke: not in tests; near is smoke",
    ),
    ("bisect", "--good"): (
        ("--test", "smoke", "--bad", "7.3"),
        "7.0",
        "seven",
        "kernel 'seven': accepted are",
    ),
    ("bisect", "--bad"): (("--test", "smoke", "--good", "7.0"), "7.3", "7.x", "kernel '7.x': accepted are"),
    ("bisect", "--topology"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3"),
        "1n1l2c1t",
        "2cpus",
        "bisect: --topology 2cpus: ",
    ),
    ("bisect", "--clock"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3"),
        "virtual",
        "fast",
        "bisect: --clock fast: must be real, virtual or auto",
    ),
    ("bisect", "--seed"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3"),
        "7",
        "x",
        "bisect: --seed x: must be a whole number",
    ),
    ("bisect", "--perturb"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3"),
        "on",
        "maybe",
        "bisect: --perturb maybe: must be on, off or auto",
    ),
    ("bisect", "--executor"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3"),
        "local",
        "elsewhere",
        "",
    ),
    ("bisect", "--seeds"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3"),
        "2",
        "few",
        "bisect: --seeds few: must be a whole number",
    ),
    ("bisect", "--commits"): (("--test", "smoke"), "v1..v2", "v1", "bisect: --commits v1: must be GOOD..BAD"),
    ("bisect", "--kernel"): (("--test", "smoke", "--commits", "v1..v2"), "7.0", "seven", ""),
    ("bisect", "--metric"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3", "--limit", "3"),
        "gap_ms",
        "a\nb",
        "",
    ),
    ("bisect", "--limit"): (
        ("--test", "smoke", "--good", "7.0", "--bad", "7.3", "--metric", "gap_ms"),
        "3",
        "few",
        "bisect: --limit few: must be a number",
    ),
    ("cache", "--limit"): ((), "1.5", "much", "cache: --limit much: must be a number of GB, 0 or more"),
    ("cache", "--runs"): ((), "3", "0", "cache: --runs 0: must be a whole number of runs, 1 or more"),
    ("cache", "--spare"): (
        ("--limit", "1"),
        "0",
        "long",
        "cache: --spare long: must be a whole number of minutes, 0 or more",
    ),
    ("compare", "--before"): (
        ("--after", "latest"),
        "latest~1",
        "lately",
        "lately: no such run; must be latest, latest~1, a time",
    ),
    ("compare", "--after"): (
        ("--before", "previous"),
        "latest",
        "lately",
        "lately: no such run; must be latest, latest~1, a time",
    ),
    ("compare", "--by"): (
        ("7.0", "7.3"),
        "kernel",
        "clock",
        "compare: --by clock: must be one of kernel, scheduler, topology",
    ),
    ("compare", "--run"): (
        ("7.0", "7.3", "--by", "kernel"),
        "latest",
        "lately",
        "lately: no such run; must be latest, latest~1, a time",
    ),
    ("compare", "--kernel"): (("latest~1", "latest"), "7.0", "seven", ""),
    ("compare", "--test"): (("latest~1", "latest"), "smoke", "smke", ""),
    ("compare", "--scheduler"): (("latest~1", "latest"), "mine", "yours", ""),
    ("init", "--name"): ((), "mine", "a b", "--name a b: must be 1 to 63 letters"),
    ("init", "--binary"): ((), "mine", "bin/mine", "--binary bin/mine: must be a program's name"),
    ("init", "--bpf"): ((), "my.bpf.c", "gone.bpf.c", "--bpf gone.bpf.c: no such file"),
    ("init", "--build"): ((), "make all", "make && true", "--build='make && true': is run without a shell"),
    ("initramfs", "--kernel"): ((), "7.0", "seven", "kernel 'seven': accepted are"),
    ("initramfs", "--program"): ((), "/bin/true", "/gone", ""),
    ("initramfs", "--output"): ((), "archive", "/gone/archive", ""),
    ("kernel-build", "--kernel"): ((), "6.12", "seven", "kernel 'seven': accepted are"),
    ("kernel-build", "--config"): ((), "preempt-rt", "preempt-tr", "--config preempt-tr: no such file"),
    ("kernel-build", "--set"): ((), "CONFIG_HZ=250", "HZ", "--set 'HZ': accepted are CONFIG_X=y"),
    ("kernel-clean", "--key"): ((), "7.0.13-debian-0123abcd", "seven", "kernel seven: not in the cache"),
    ("kernel-clean", "--keep"): (
        (),
        "1",
        "few",
        "kernel-clean: --keep few: must be a whole number of kernels",
    ),
    ("kernel-clean", "--older-than"): (
        (),
        "100",
        "-1",
        "kernel-clean: --older-than -1: must be a whole number of days, 0 or more",
    ),
    ("kernel-configure", "--kernel"): ((), "6.12", "seven", "kernel 'seven': accepted are"),
    ("kernel-configure", "--config"): ((), "preempt-rt", "preempt-tr", "--config preempt-tr: no such file"),
    ("kernel-configure", "--set"): ((), "CONFIG_HZ=250", "HZ", "--set 'HZ': accepted are CONFIG_X=y"),
    ("kernel-fetch", "--kernel"): ((), "7.0", "seven", "kernel 'seven': accepted are"),
    ("kernel-list", "--kernel"): ((), "7.0", "seven", "kernel 'seven': accepted are"),
    ("metrics", "--run"): ((), "latest", "lately", "lately: no such run; must be latest, latest~1, a time"),
    ("replay", "--sidecar"): ((), "smoke.json", "gone.json", "gone.json"),
    ("report", "--output"): (("--run", "latest"), "page.html", ".", "report: --output .: must be a file"),
    ("report", "--site"): (
        ("--run", "latest"),
        "site",
        "my.bpf.c",
        "report: --site my.bpf.c: must be a folder",
    ),
    ("report", "--run"): ((), "latest", "lately", "lately: no such run; must be latest, latest~1, a time"),
    ("runs", "--import"): ((), ".", "gone", "--import gone: must be a folder with runs in it"),
    ("runs", "--show"): ((), "latest", "lately", "lately: no such run; must be latest, latest~1, a time"),
    ("sched-build", "--kernel"): ((), "7.3", "seven", "kernel 'seven': accepted are"),
    ("sched-build", "--series"): (
        (),
        "7.3",
        "seven",
        "sched-build: --series seven: must be a series such as 7.3",
    ),
    ("shell", "--include-files"): (("--exec", "true"), "my.bpf.c", "gone", "gone"),
    ("shell", "--kernel"): (("--exec", "true"), "7.0", "seven", "kernel 'seven': accepted are"),
    ("shell", "--topology"): (("--exec", "true"), "1n1l2c1t", "2cpus", "--topology: "),
    ("shell", "--memory"): (
        ("--exec", "true"),
        "512",
        "half",
        "--memory half: must be a whole number of MiB",
    ),
    ("shell", "--test"): (("--exec", "true"), "smoke", "smke", "test smke: not in tests; near is smoke"),
    ("shell", "--exec"): ((), "true", "", "shell: --exec: needs a value"),
    ("vmlinux-h", "--kernel"): ((), "7.0", "seven", "kernel 'seven': accepted are"),
    ("vmlinux-h", "--output"): ((), "vmlinux.h", "/gone/vmlinux.h", ""),
    # A value that is accepted would install packages.
    ("setup", "--only"): ((), "needed", "some", "setup: --only some: must be one of required, advised, opt"),
    ("trace", "--sidecar"): ((), "smoke.json", "gone.json", "gone.json: No such file or directory"),
    ("trace", "--out"): (("gone.json",), "smoke.pftrace", "/gone/smoke.pftrace", ""),
    ("verify", "--object"): ((), "my.bpf.o", "gone.bpf.o", "--object gone.bpf.o: No such file or directory"),
    ("verify", "--kernel"): (("my.bpf.o",), "7.0", "seven", "kernel 'seven': accepted are"),
    ("verify", "--preset"): (("my.bpf.o",), "tiny-1llc", "tiny", "tiny"),
    ("verify", "--format"): (("my.bpf.o",), "json", "xml", "verify: --format: invalid choice: 'xml'"),
    ("verify", "--max-insns"): (
        ("my.bpf.o",),
        "1000",
        "few",
        "verify: --max-insns: few: must be a whole number",
    ),
    ("verify", "--compare"): (("my.bpf.o",), "my.bpf.o", "gone", "gone"),
    ("verify", "--attach-timeout"): (
        ("my.bpf.o",),
        "60",
        "long",
        "verify: --attach-timeout: long: must be",
    ),
    ("verify", "--memory-mb"): (("my.bpf.o",), "1024", "much", "verify: --memory-mb: much: must be"),
    ("verify", "--max-growth"): (
        ("my.bpf.o",),
        "5%",
        "much",
        "verify: --max-growth: much: must be a percentage",
    ),
    ("worker", "--scheduler"): (("--cores", "few"), "tcp://[::1]:1", "nowhere", "worker: nowhere: must be "),
    ("worker", "--cores"): (
        ("tcp://[::1]:1",),
        "0",
        "few",
        "worker: --cores few: must be a whole number above 0",
    ),
    ("worker", "--memory-mb"): (
        ("tcp://[::1]:1",),
        "0",
        "9G",
        "worker: --memory-mb 9G: must be a whole number",
    ),
    # Taken, and the address is refused: a worker that finds its scheduler stays.
    ("worker", "--name"): (("nowhere",), "mine", "", ""),
    ("worker", "--tls-ca-file"): (("nowhere",), "ca.pem", "", ""),
    ("worker", "--tls-cert"): (("nowhere",), "cert.pem", "", ""),
    ("worker", "--tls-key"): (("nowhere",), "key.pem", "", ""),
}
# Flags whose task does its work without a network or a VM; the others are only refused a value.
FLAGS = {
    ("cache", "--json"),
    ("cache", "--verify"),
    ("cache", "--clean"),
    ("kernel-list", "--json"),
    ("kernel-clean", "--all"),
    ("metrics", "--json"),
    ("runs", "--json"),
}
TEST = """
from ktstr import ktstr_test, scenarios

@ktstr_test()
def smoke(ctx):
    scenarios.steady(ctx)
"""


def options(*, with_value: bool) -> set[tuple[str, str]]:
    """The tasks' options, by the task and the option's long form."""
    return {
        (task, flag)
        for task, context in contexts().items()
        for flag, argument in context.flags.items()
        if flag.startswith("--") and argument.takes_value == with_value
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a test, no network, and an empty cache."""
    return enter_project(monkeypatch, tmp_path, TEST)


def test_the_table_has_every_option_with_a_value() -> None:
    assert set(VALUES) == options(with_value=True)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("task", "option"), sorted(VALUES))
def test_a_value_is_taken(
    task: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, value, _, refusal = VALUES[task, option]
    told = ktstr(capsys, monkeypatch, task, *before, option, value)
    assert told.status in (0, 2)
    assert "Traceback" not in told.err
    assert not refusal or not told.err.startswith(f"ktstr: {refusal}")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("task", "option"), sorted(key for key in VALUES if VALUES[key][3]))
def test_a_wrong_value_is_one_line_and_status_2(
    task: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _, value, refusal = VALUES[task, option]
    told = ktstr(capsys, monkeypatch, task, *before, f"{option}={value}")
    assert (told.status, told.err.count("\n")) == (2, 1), told
    assert told.err.startswith("ktstr: ")
    assert refusal in told.err


@pytest.mark.parametrize(("task", "option"), sorted(options(with_value=True)))
def test_no_value_is_one_line_and_status_2(
    task: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ([option], [f"{option}="]):
        told = ktstr(capsys, monkeypatch, task, *words)
        assert (told.status, told.err.count("\n")) == (2, 1), told
        assert told.err.startswith(f"ktstr: {task}: {option}: needs a value")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("task", "option"), sorted(options(with_value=False)))
def test_a_flag_takes_no_value(
    task: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ktstr(capsys, monkeypatch, task, f"{option}=1")
    assert (told.status, told.err) == (
        2,
        f"ktstr: {task}: {option}: takes no value, and {option}=1 gives one\n",
    )
    if (task, option) in FLAGS:
        assert ktstr(capsys, monkeypatch, task, option).status == 0


@pytest.mark.parametrize(("task", "option"), sorted(options(with_value=True) | options(with_value=False)))
def test_a_misspelt_option_is_told_the_nearest(
    task: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    misspelt = f"{option}s" if option[:-1] in contexts()[task].flags else option[:-1]
    told = ktstr(capsys, monkeypatch, task, misspelt)
    assert told.status == 2
    assert told.err.startswith(f"ktstr: {task}: {misspelt}: no such option; near is {option}")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_menu_fits_any_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in ([], ["--help"], ["help"]):
        told = ktstr(capsys, monkeypatch, *words)
        assert (told.status, told.err) == (0, "")
        assert max(map(len, told.out.splitlines())) <= min(columns, 100)
        assert all(f"  {task}" in told.out for task in contexts())


@pytest.mark.parametrize("task", sorted(contexts()))
def test_help_fits_a_screen_and_begins_with_examples(
    task: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    told = ktstr(capsys, monkeypatch, task, "--help")
    lines = told.out.splitlines()
    assert (told.status, told.err) == (0, "")
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 48
    usage = next(number for number, line in enumerate(lines) if line.lower().startswith("usage:"))
    assert f"  ktstr {task}" in "\n".join(lines[:usage])
