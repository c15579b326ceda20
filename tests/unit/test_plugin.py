"""The plugin's tests, options, verdicts and results, in a user's project."""

from __future__ import annotations

import plugin_project
import pytest
from plugin_project import (
    BROKEN,
    CONFTEST,
    FAILING,
    OPTIONS,
    PASSING,
    Run,
    lines,
    resolved,
    results,
    sidecars,
)

pytest_plugins = "pytester"
run = plugin_project.run  # the fixture


def test_a_decorated_function_is_a_test_whatever_its_name(run: Run) -> None:
    result = run(PASSING + "def helper():\n    assert False\n", "--kernel", "7.0")
    assert lines(result) == ["PASS (1/1) basic_steady 7.0.13 1n2l4c1t my_sched"]
    assert result.ret == 0


def test_ids_carry_the_spec_and_collecting_looks_nothing_up(run: Run, pytester: pytest.Pytester) -> None:
    body = (
        "@ktstr_test()\n@pytest.mark.parametrize('n', [1, 2])\ndef basic(ctx, n, tmp_path):\n    ctx.run()\n"
    )
    result = run(body, "--collect-only", "-q", "--kernel", "7.0", "--kernel", "9.9")
    ids = ["basic[7.0-1]", "basic[7.0-2]", "basic[9.9-1]", "basic[9.9-2]"]
    assert sorted(line for line in result.outlines if "::" in line) == [f"test_it.py::{name}" for name in ids]
    assert resolved(pytester) == []
    assert lines(run(body, "--kernel", "7.0")) == [
        f"PASS ({n}/2) basic[{n}] 7.0.13 1n1l2c1t eevdf" for n in (1, 2)
    ]


def test_every_test_runs_on_each_kernel_and_on_none_twice(run: Run, pytester: pytest.Pytester) -> None:
    result = run(PASSING, "--kernel", "7.0", "--kernel", "7.0.13", "--kernel", "7.3")
    assert lines(result) == [
        "PASS (1/2) basic_steady 7.0.13 1n2l4c1t my_sched",
        "PASS (2/2) basic_steady 7.3.4  1n2l4c1t my_sched",
    ]
    assert resolved(pytester) == ["7.0", "7.0.13", "7.3"]
    assert results(pytester)
    assert results(pytester, "7.3.4-nogit")


def test_a_range_stands_for_its_series(run: Run) -> None:
    result = run("@ktstr_test()\ndef basic(ctx):\n    ctx.run()\n", "--kernel", "6.18..=7.3", "-v")
    assert [line.split()[2:4] for line in lines(result)] == [
        ["test_it.py::basic[6.18]", "6.18.4"],
        ["test_it.py::basic[7.0]", "7.0.13"],
        ["test_it.py::basic[7.3]", "7.3.4"],
    ]


def test_without_a_kernel_it_is_auto(
    run: Run, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    assert lines(run(PASSING, "-v")) == ["PASS (1/1) test_it.py::basic_steady[auto] 7.3.4 1n2l4c1t my_sched"]
    assert resolved(pytester) == ["None"]
    monkeypatch.setenv("KTSTR_KERNEL", "7.0..=7.3")
    assert run(PASSING, "--collect-only", "-q").outlines[:3] == [
        f"test_it.py::basic_steady[{series}]" for series in ("6.18", "7.0", "7.3")
    ]


def test_a_skipped_test_says_why(run: Run) -> None:
    body = PASSING + FAILING + "@ktstr_test(ignore=True)\ndef later(ctx):\n    ctx.run()\n"
    result = run(body, "--kernel", "6.12")
    assert lines(result) == [
        "SKIP (1/3) basic_steady 6.12.9 1n2l4c1t my_sched: "
        "scheduler my_sched declares kernels [7.0, 7.3]; 6.12.9 is not among them",
        "SKIP (2/3) unfair       6.12.9 1n1l2c1t any_sched: scheduler any_sched needs sched_ext and kernel 6.12.9 "
        "is built without CONFIG_SCHED_CLASS_EXT; `ktstr kernel-build --kernel 6.12.9` builds one that has it, and "
        "--kernel 7.0 has it as published",
        "SKIP (3/3) later        6.12.9 1n1l2c1t eevdf: declared with ignore=True; --ignored runs it",
    ]
    assert result.ret == 5  # nothing ran
    assert lines(run("", "--kernel", "6.12", "--ignored", "-k", "later"))[0].startswith("PASS (1/1) later")


def test_a_failed_verdict_is_shown_in_full_without_a_traceback(run: Run, pytester: pytest.Pytester) -> None:
    result = run(FAILING, "--kernel", "7.0")
    assert result.ret == 1
    assert lines(result) == [
        "FAIL (1/1) unfair 7.0.13 1n1l2c1t any_sched: max_spread_pct: worker 3: 22.5 points, limit 15"
    ]
    section = result.outlines[
        result.outlines.index(next(line for line in result.outlines if "= FAILURES =" in line)) :
    ]
    (stem,) = {name.split("/")[0] for name in results(pytester) if "/" in name}
    stamp = (pytester.path / "target/ktstr/7.0.13-nogit").resolve().name
    assert section[2:6] == [
        "unfair: the header",
        "  worker 3: 22.5 points, limit 15",
        "--- stats ---",
        # where it is now, not where it was written
        f"folder {pytester.path}/target/ktstr/history/7.0.13-nogit/{stamp}/{stem}",
    ]
    assert section[6].startswith("=")
    result.stdout.fnmatch_lines(["run again*pytest *--kernel 7.0 --lf"])


def test_a_failed_assertion_of_the_body_is_shown_as_pytest_shows_it(
    run: Run, pytester: pytest.Pytester
) -> None:
    result = run("@ktstr_test()\ndef basic(ctx):\n    n = 2\n    assert n == 1\n", "--kernel", "7.0")
    assert result.ret == 1
    result.stdout.fnmatch_lines([">       assert n == 1", "E       assert 2 == 1"])
    assert sidecars(pytester)["basic"]["message"] == "assert 2 == 1"


def test_a_run_that_could_not_be_done_is_an_error_and_comes_before_a_failure(
    run: Run, pytester: pytest.Pytester
) -> None:
    result = run(FAILING + BROKEN, "--kernel", "7.0")
    assert result.ret == 2
    assert lines(result)[1] == (
        "ERROR (2/2) broken 7.0.13 1n1l2c1t any_sched: scheduler any_sched: binary 'any_sched' not found"
    )
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines(["kernel 7.0.13  0 passed, 1 failed, 1 could not be run in *"])
    assert {name: document["outcome"] for name, document in sidecars(pytester).items()} == {
        "unfair": "failed",
        "broken": "error",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--kernel", "9.9"), "ktstr: kernel 9.9: not published; there are 6.12.9, 6.18.4, 7.0.13, 7.3.4"),
        (
            ("--kernel", "9.9", "-n2"),
            "ktstr: kernel 9.9: not published; there are 6.12.9, 6.18.4, 7.0.13, 7.3.4",
        ),
        (("--kernel", "seven"), "ktstr: kernel 'seven': accepted are *"),
        (("--topology", "1n2l"), "ktstr: --topology: topology '1n2l': not of the form 1n2l4c1t *"),
        (("--seed", "-1"), "ktstr: --seed -1: must be between 0 and 4294967295"),
        (("--seed", "one"), "ktstr: --seed one: must be a whole number"),
        (("--seeds", "0"), "ktstr: --seeds 0: must be between 1 and 100000"),
        (("--seeds", "100001"), "ktstr: --seeds 100001: must be between 1 and 100000"),
        (("--seeds", "1e2"), "ktstr: --seeds 1e2: must be a whole number"),
        (
            ("--seed", "4294967295", "--seeds", "2"),
            "ktstr: --seed 4294967295 --seeds 2: go beyond the last seed, 4294967295",
        ),
        (("--clock", "wall"), "ktstr: --clock wall: must be real, virtual or auto"),
        (("--perturb", "maybe"), "ktstr: --perturb maybe: must be on, off or auto"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_2(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run(PASSING, *arguments)
    assert result.ret == 2
    result.stderr.fnmatch_lines([message])
    assert len(result.errlines) == 1
    assert lines(result) == []


def test_a_mistake_in_a_declaration_is_one_line_and_status_2(run: Run) -> None:
    result = run("declare_scheduler('bad', binary='a/b')\n")
    assert result.ret == 2
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines(["test_it.py:6: scheduler 'bad': binary='a/b': a name, looked up; *"])
    result = run("@ktstr_test()\ndef basic():\n    pass\n")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["test_it.py::basic: must take the argument ctx, which runs its guest"])


def test_a_test_that_is_not_ours_cannot_have_a_guest(run: Run) -> None:
    result = run(PASSING + "def test_plain(ctx):\n    ctx.run()\n", "--kernel", "7.0")
    assert lines(result)[1].startswith("ERROR (2/2) test_it.py::test_plain: ")
    result.stdout.fnmatch_lines(["*the ctx fixture is for functions decorated with @ktstr_test*"])


def test_options_reach_the_guest_and_the_sidecar(run: Run, pytester: pytest.Pytester) -> None:
    body = "@ktstr_test()\ndef basic(ctx):\n    ctx.run()\n    assert (ctx.clock, ctx.seed) == ('real', 7)\n"
    result = run(body, "--kernel", "7.0", "--topology", "1n1l8c1t", "--clock", "real", "--seed", "7")
    assert lines(result) == ["PASS (1/1) basic 7.0.13 1n1l8c1t eevdf"]
    document = sidecars(pytester)["basic"]
    assert {name: document[name] for name in ("topology", "clock", "seed", "accelerator", "qemu")} == {
        "topology": "1n1l8c1t",
        "clock": "real",
        "seed": 7,
        "accelerator": "tcg",
        "qemu": "7.2.99",
    }
    result.stdout.fnmatch_lines(
        ["VMs*1 booted, 0 cloned, 0 remembered; tcg, real clock, seed 7 (no KVM in this test)"]
    )


WAYS = """
@ktstr_test()
def basic(ctx):
    options = ctx.options["options"]
    print("told:", options.cold, options.fresh, ctx.options["perturb"], ctx.options["oversubscribe"], ctx.seed)
"""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "False False False False 1"),
        (("--cold",), "True False False False 1"),
        (("--fresh",), "False True False False 1"),
        (("--perturb", "on"), "False False True False 1"),
        (("--oversubscribe",), "False False False True 1"),
        (("--seeds", "1"), "False False True False 1"),
        (("--seeds", "1", "--perturb", "off", "--seed", "5"), "False False False False 5"),
    ],
)
def test_options_for_obtaining_a_result_reach_the_context(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    assert f"told: {told}" in run(WAYS, "--kernel", "7.0", "-s", *arguments).stdout.str()


def test_each_seed_is_a_test_of_its_own(run: Run, pytester: pytest.Pytester) -> None:
    body = "@ktstr_test()\n@pytest.mark.parametrize('n', [1, 2])\ndef basic(ctx, n):\n    ctx.run()\n"
    seeds = ("--kernel", "7.0", "--seed", "17", "--seeds", "2")
    ids = [line for line in run(body, "--collect-only", "-q", *seeds).outlines if "::" in line]
    assert sorted(ids) == [f"test_it.py::basic[7.0-seed{s}-{n}]" for s in (17, 18) for n in (1, 2)]
    result = run("", *seeds, "-k", "seed18")
    assert lines(result) == [f"PASS ({n}/2) basic[seed18-{n}] 7.0.13 1n1l2c1t eevdf" for n in (1, 2)]
    assert {each["seed"] for each in sidecars(pytester).values()} == {18}


def test_the_id_of_a_seed_comes_after_the_kernels(run: Run) -> None:
    result = run(PASSING, "--collect-only", "-q", "--kernel", "7.0", "--seed", "17", "--seeds", "1")
    assert result.outlines[0] == "test_it.py::basic_steady[7.0-seed17]"


def test_the_footer_has_the_seeds_that_were_explored(run: Run) -> None:
    result = run(PASSING, "--kernel", "7.0", "--seed", "3", "--seeds", "4")
    result.stdout.fnmatch_lines(
        ["VMs * 4 booted, 0 cloned, 0 remembered; tcg, virtual clock, seed 3 to 6 (*"]
    )


@pytest.mark.parametrize(("arguments", "cpus"), [((), 8), (("--oversubscribe",), None)])
def test_more_cpus_than_cores_on_kvm_need_consent(
    run: Run, pytester: pytest.Pytester, arguments: tuple[str, ...], cpus: int | None
) -> None:
    pytester.makeconftest(CONFTEST.replace('"no KVM in this test"', 'f"asked for {cpus}"'))
    run(PASSING, "--kernel", "7.0", *arguments)
    assert sidecars(pytester)["basic_steady"]["clock_reason"] == f"asked for {cpus}"


def test_no_test_selected_is_status_5_and_does_nothing(run: Run, pytester: pytest.Pytester) -> None:
    assert run(PASSING, "--kernel", "7.0", "-k", "nothing").ret == 5
    assert resolved(pytester) == []
    assert not (pytester.path / "target").exists()


def test_pytests_own_selections_work(run: Run, pytester: pytest.Pytester) -> None:
    first = run(PASSING + FAILING, "--kernel", "7.0", "-q")
    assert [line.split()[0] for line in lines(first)] == ["FAIL"]
    again = run("", "--kernel", "7.0", "--lf")
    assert [line.split()[2] for line in lines(again)] == ["unfair"]
    stopped = run(FAILING + PASSING, "--kernel", "7.0", "-x")
    assert len(lines(stopped)) == 1
    assert stopped.ret == 1


def test_tests_that_are_not_ours_have_a_line_too(run: Run, pytester: pytest.Pytester) -> None:
    result = run(PASSING + "def test_plain():\n    assert 1 == 2\n", "--kernel", "7.0")
    assert lines(result)[1] == "FAIL (2/2) test_it.py::test_plain: assert 1 == 2"
    assert result.ret == 1
    assert list(sidecars(pytester)) == ["basic_steady"]


def test_a_suite_without_tests_of_ours_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import sys\n"
        "def pytest_unconfigure():\n"
        "    ours = ['ktstr.plugin.plan', 'ktstr.plugin.recorder', 'ktstr.run', 'ktstr.report']\n"
        "    heavy = [*ours, 'git', 'requests', 'junit_xml', 'tqdm', 'debian', 'zstandard']\n"
        "    print('loaded:', [name for name in heavy if name in sys.modules])\n"
    )
    pytester.makepyfile("def test_plain():\n    pass\n")
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.stdout.fnmatch_lines(["test_*.py .*100%*", "loaded: []"])
    assert not (pytester.path / "target").exists()


def test_colours_follow_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32mPASS\x1b[0m [" in run(PASSING, "--kernel", "7.0").stdout.str()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(PASSING, "--kernel", "7.0").stdout.str()


def test_two_runs_leave_the_same_files_and_the_first_becomes_history(
    run: Run, pytester: pytest.Pytester
) -> None:
    run(PASSING + FAILING, "--kernel", "7.0")
    first = results(pytester)
    assert {name.split("-")[0] for name in first} == {"junit.xml", "run.json", "basic_steady", "unfair"}
    result = run("", "--kernel", "7.0")
    assert results(pytester) == first
    earlier, now = sorted((pytester.path / "target/ktstr/history/7.0.13-nogit").iterdir())
    assert results(pytester, f"history/7.0.13-nogit/{earlier.name}") == first
    assert (pytester.path / "target/ktstr/7.0.13-nogit").resolve() == now
    result.stdout.fnmatch_lines([f"*target/ktstr/history/7.0.13-nogit/{now.name}"])


def test_unusual_names_have_files_of_their_own(run: Run, pytester: pytest.Pytester) -> None:
    values = ["a/b", "a-b", "../../x", "ü", "", "x" * 300, "a::b", "[", "$(date)"]
    body = (
        f"@ktstr_test()\n@pytest.mark.parametrize('value', {values!r})\n"
        "def basic(ctx, value):\n    ctx.run(verdict='no')\n"
    )
    assert run(body, "--kernel", "7.0", "--tb=no").ret == 1
    names = results(pytester)
    assert len([name for name in names if name.endswith("/failure.txt")]) == len(values)
    assert len([name for name in names if name.endswith("/console.log")]) == len(values)
    assert len(sidecars(pytester)) == len(values)


CRASH = """
@ktstr_test(scheduler=ANY, expect_err=True)
def fires(ctx):
    ctx.run()

@ktstr_test(scheduler=ANY, expect_err=True, expect_scx_bpf_error_contains="crash")
def runs_nothing(ctx):
    pass

@ktstr_test(scheduler=ANY, expect_err=True)
def looks_away(ctx):
    try:
        ctx.run(verdict="expected error did not fire")
    except AssertionError:
        pass
"""


def test_an_expected_error_must_have_fired_when_the_test_is_over(run: Run) -> None:
    assert lines(run(CRASH, "--kernel", "7.0")) == [
        "PASS (1/3) fires        7.0.13 1n1l2c1t any_sched",
        "FAIL (2/3) runs_nothing 7.0.13 1n1l2c1t any_sched: runs_nothing: expected error did not fire: the test ran"
        " no scenario (expected: scx_bpf_error containing 'crash')",
        "FAIL (3/3) looks_away   7.0.13 1n1l2c1t any_sched: max_spread_pct: expected error did not fire",
    ]
