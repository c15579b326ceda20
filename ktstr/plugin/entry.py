"""The pytest plugin: tests declared with `ktstr_test`, on every kernel that `--kernel` names.

Every pytest run where ktstr is installed imports this module, so by itself it does next to nothing:
`ktstr.plugin` and what that needs come in once a session holds a test of ours.

A session is one process; under xdist it is a controller, which talks to the user and collects nothing, and
workers, which collect and run. What a worker reports of ours travels on its reports, as `report.ktstr`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ktstr.base.errors import KtstrError, Unsuitable, host_refuses
from ktstr.base.remote import settings as remote
from ktstr.base.results import RESULTS_DIR
from ktstr.plugin.axes import (  # noqa: F401
    ktstr_kernel_axis,
    ktstr_preset_axis,
    ktstr_seed_axis,
    ktstr_variant_axis,
    parametrize,
)
from ktstr.plugin.options import WORKER_ERROR, add_ini, add_options, add_short_options, in_suite, is_given
from ktstr.plugin.ours import is_ours, record_of
from ktstr.plugin.state import HANDED, NAME, STATE, handed, settings_of, state_of

if TYPE_CHECKING:
    from ktstr.plugin.recorder import Recorder
    from ktstr.plugin.shard import Shard
    from ktstr.run.context import Ctx

_PARENT = os.getppid()
_EMPTY = "ktstr_empty_shard"  # the key under which a worker reports that its shard has no tests
_CHOICE = "ktstr_choice"  # the key under which a worker reports what was left out
_NOT_PREPARED = "the tests cannot be prepared"


_SESSION = pytest.StashKey[pytest.Session]()
_EMPTY_SHARD = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)
    add_ini(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from ktstr.plugin import hookspec

    pluginmanager.add_hookspecs(hookspec)
    if in_suite():
        from ktstr.plugin import mistakes

        pluginmanager.register(mistakes, "ktstr-mistakes")


@pytest.hookimpl(tryfirst=True)  # before conftest files are read, and all who look at the known arguments
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> None:
    add_short_options(early_config, parser, args)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "ktstr_no_scenario: a ktstr test that may end without having run a scenario"
    )
    if config.option.ktstr_results:
        os.environ[RESULTS_DIR] = config.option.ktstr_results  # for workers, too
    given = handed(config)
    config.stash[NAME] = given["name"] if given else f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"
    parent = given["parent"] if given else _PARENT if os.environ.get("KTSTR_DIE_WITH_PARENT") == "1" else None
    if parent is not None:
        from ktstr.base.process import die_with_parent

        die_with_parent(parent)


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main() -> Generator[None, Any, Any]:
    try:
        return (yield)
    except pytest.UsageError as error:
        if not isinstance(error.__cause__, KtstrError):
            raise
        print(f"ktstr: {error}", file=sys.stderr, flush=True)
        return 2


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    default = yield
    if os.environ.get("KTSTR_SUITE") != "1":  # another project's pytest
        return default
    from ktstr.farm.address import LOCAL
    from ktstr.farm.choice import executor_of
    from ktstr.plugin.workers import at_once, most_tests, workers_for

    settings = settings_of(config)  # nothing else is there: xdist asks before the session is configured
    if settings.executor != LOCAL:
        try:
            default = at_once(default, executor_of(settings.executor).capacity)
        except KtstrError as error:
            raise pytest.UsageError(str(error)) from error  # see pytest_cmdline_main
    kernels = settings.kernels
    if config.getoption("ktstr_seeds") or settings.gauntlet or any(".." in spec for spec in kernels):
        return default  # many variants of each test
    return workers_for(default, most_tests(config.args, config.option.keyword, max(1, len(kernels))))


# Collecting.


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(obj: object) -> None:
    if record_of(obj) is not None:
        # With this attribute, pytest takes a function for a test whatever its name.
        obj.__test__ = True  # type: ignore[attr-defined]


@pytest.hookimpl(
    tryfirst=True
)  # before the parameters that marks bring, so that the kernel comes first in ids
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    test = record_of(metafunc.function)
    if test is None:
        return
    if "ctx" not in metafunc.fixturenames:
        raise KtstrError(f"{metafunc.definition.nodeid}: must take the argument ctx, which runs its guest")
    from ktstr.plugin.gauntlet import presets_for

    state = state_of(metafunc.config)
    presets = presets_for(test, state.options)
    parametrize(metafunc, state.axis.ids(), presets, test.variants, state.options.seeds)


@pytest.hookimpl(tryfirst=True)  # before -k and --lf, which must not change which shard has which test
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.option.ktstr_shard:
        return
    from ktstr.plugin.shard import divide

    collected = len(items)
    items[:], others = divide(items, _shard(config))
    config.hook.pytest_deselected(items=others)
    if collected and not items:
        config.stash[_EMPTY_SHARD] = True
        if handed(config) is not None:
            config.workeroutput[_EMPTY] = True  # type: ignore[attr-defined]


@pytest.hookimpl(tryfirst=True)  # before xdist reports the tests to the controller
def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    if not any(is_ours(item) for item in session.items):
        return
    from ktstr.plugin.choice import choose

    given, only_list = handed(config), config.option.collectonly
    in_worker = given is not None
    state = state_of(config)
    known = given["timings"] if given else _timings(config)
    try:
        with host_refuses(_NOT_PREPARED):
            choice = choose(config, session.items, state.axis, state.options, known)
        kept, dropped, state.lines = choice.kept, choice.dropped, choice.lines
        if in_worker:
            config.workeroutput[_CHOICE] = list(choice.lines)  # type: ignore[attr-defined]
    except KtstrError as error:
        if not in_worker:
            raise pytest.UsageError(str(error)) from error  # see pytest_cmdline_main
        # Only the controller can end the session. All workers get here, so they still hold the same tests.
        config.workeroutput[WORKER_ERROR] = str(error)  # type: ignore[attr-defined]
        kept, dropped = [item for item in session.items if not is_ours(item)], []
    session.items[:] = kept
    if dropped:
        config.hook.pytest_deselected(items=dropped)
    if not in_worker and not only_list:
        nodeids = [item.nodeid for item in session.items]
        _start(session).expect(nodeids)
        if state.running is not None:
            state.running.expect(nodeids)


def pytest_exception_interact(node: Any, call: pytest.CallInfo[object], report: object) -> None:
    if isinstance(report, pytest.CollectReport) and call.excinfo:
        from ktstr.plugin.mistakes import collection_error

        if (line := collection_error(node, call.excinfo.value)) is not None:
            report.longrepr = line
            report.ktstr_error = True  # type: ignore[attr-defined]


# Running a test.


@pytest.fixture
def ctx(
    request: pytest.FixtureRequest,
    _ktstr_kernel: object,
    _ktstr_preset: object,
    _ktstr_variant: object,
    _ktstr_seed: object,
) -> Ctx:
    """The guest of a test declared with ktstr_test: runs scenarios in it."""
    from ktstr.plugin.plan import make_context

    return make_context(request.node, state_of(request.config).name)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    if not is_ours(pyfuncitem):
        return (yield)
    from ktstr.plugin.empty import returned_values
    from ktstr.plugin.exploring import explored_body
    from ktstr.plugin.plan import finish

    with explored_body(pyfuncitem), returned_values(pyfuncitem) as returned:
        try:
            result = yield
        except Unsuitable as error:
            pytest.skip(str(error))
    finish(pyfuncitem, returned)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if is_ours(item):
        from ktstr.plugin.plan import describe, whole_text

        about = describe(item, call.excinfo.value if call.excinfo else None)
        if report.failed and call.excinfo and (text := whole_text(about, call.excinfo.value)) is not None:
            report.longrepr = text
        report.ktstr = about  # type: ignore[attr-defined]
        if about["failure"] == "inconclusive" and about["allow_inconclusive"]:
            report.outcome = "skipped"  # pytest counts it as no failure; the recorder has its own word for it
            report.longrepr = (
                str(item.path),
                int(str(about["line"])),
                str(call.excinfo and call.excinfo.value),
            )
    return report


# The session, in the process that talks to the user.


@pytest.hookimpl(tryfirst=True, wrapper=True)  # around xdist, which starts its workers
def pytest_sessionstart(session: pytest.Session) -> Generator[None, None, None]:
    _prepare(session)
    if not session.config.pluginmanager.has_plugin("dsession"):
        return (yield)
    from ktstr.plugin.workers import workers_start

    with workers_start():
        return (yield)


def _prepare(session: pytest.Session) -> None:
    """What has to be known before workers are started."""
    config = session.config
    config.stash[_SESSION] = session
    if os.environ.get(remote.URL) and handed(config) is None:
        from ktstr.base.remote.session import begin

        begin(config.stash[NAME])
    if config.option.ktstr_shard:
        _shard(config)
    settings_of(config)
    if is_given(config):
        state_of(config)


@pytest.hookimpl(optionalhook=True)  # once pytest has said what it starts, and before there are workers
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    if not settings_of(config).kernels and os.environ.get("KTSTR_SUITE") != "1":
        return
    # A controller collects nothing, so it cannot see whether there is a test of ours: whoever names a kernel says so.
    # If it resolves them once, all workers have the same kernels, and the user sees the progress.
    from ktstr.plugin.kernels import kernel_to_json

    state = state_of(config)
    try:
        with host_refuses(_NOT_PREPARED):
            kernels = state.axis.resolve(state.axis.ids())
    except KtstrError as error:
        raise pytest.UsageError(str(error)) from error  # see pytest_cmdline_main
    state.kernels = {name: kernel_to_json(kernel) for name, kernel in kernels.items()}
    _start(config.stash[_SESSION])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    state = node.config.stash.get(STATE, None)
    node.workerinput[HANDED] = {
        "name": node.config.stash[NAME],
        "kernels": state.kernels if state else {},
        "timings": _timings(node.config),
        "parent": os.getpid() if node.gateway.spec.popen else None,  # others are no children of ours
    }


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output = getattr(node, "workeroutput", {})
    if output.get(_EMPTY):
        node.config.stash[_EMPTY_SHARD] = True
    if lines := output.get(_CHOICE):  # all workers choose alike
        state_of(node.config).lines = tuple(lines)
    if error := output.get(WORKER_ERROR):
        state_of(node.config).errors.append(error)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # Only now does a controller without a named kernel learn that there are tests of ours.
    node = getattr(report, "node", None)
    if node is not None and hasattr(report, "ktstr") and state_of(node.config).recorder is None:
        _start(node.config.stash[_SESSION]).adopt(report)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    state = config.stash.get(STATE, None)
    if state is not None and (state.lines or state.options.gauntlet):
        from ktstr.plugin.closing import write_closing

        write_closing(terminalreporter, state.recorder, state.options, state.lines)
    for error in dict.fromkeys(state.errors if state else ()):
        terminalreporter.write_line(f"ktstr: {error}", red=True)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    result = yield
    config = session.config
    state = config.stash.get(STATE, None)
    from ktstr.plugin.ending import final_status

    session.exitstatus = final_status(
        session,
        state.recorder if state else None,
        undone=state is not None and bool(state.errors),
        empty_shard=config.stash.get(_EMPTY_SHARD, False),
    )
    return result


def _start(session: pytest.Session) -> Recorder:
    """Start to record the session."""
    from ktstr.plugin.kernels import say_change
    from ktstr.plugin.recorder import Recorder
    from ktstr.plugin.reporters import reporters
    from ktstr.plugin.running import Running
    from ktstr.report.timings import read_timings

    state = state_of(session.config)
    try:
        if (kernel := state.axis.automatic) is not None:
            say_change(kernel, session.config.rootpath)
        state.recorder = Recorder(session, state.name, state.axis.ids())
    except KtstrError as error:
        raise pytest.UsageError(str(error)) from error  # see pytest_cmdline_main
    session.config.pluginmanager.register(state.recorder, "ktstr-recorder")
    for name, reporter in reporters(state.recorder, state.options).items():
        session.config.pluginmanager.register(reporter, name)
    took_s = {name: ms / 1000 for name, ms in read_timings(session.config.rootpath).items()}
    state.running = Running(session, state.axis.ids(), state.recorder.runs_of, took_s)
    session.config.pluginmanager.register(state.running, "ktstr-running")
    return state.recorder


def _timings(config: pytest.Config) -> dict[str, int]:
    """What tests took before, by id; read by the controller for all workers, which must choose alike."""
    if config.option.ktstr_budget is None:
        return {}
    from ktstr.report.timings import read_timings

    return read_timings(config.rootpath)


def _shard(config: pytest.Config) -> Shard:
    from ktstr.plugin.shard import parse_shard

    try:
        return parse_shard(config.option.ktstr_shard)
    except KtstrError as error:
        raise pytest.UsageError(str(error)) from error  # see pytest_cmdline_main
