"""The documentation's examples are valid: each is declared and run with a stand-in for the guest."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from report_data import report, workers

from ktstr import CgroupDef, Checks, tasks
from ktstr.checks import builtin
from ktstr.checks.evidence import Evidence
from ktstr.checks.judge import judge
from ktstr.checks.verdict import RunReport
from ktstr.declare import scheduler, settings
from ktstr.declare.test import KtstrTest, record_of
from ktstr.guest import agent
from ktstr.plugin import hookspec
from ktstr.plugin.options import option_names
from ktstr.scenario.plan import scenario_plan
from ktstr.scenario.scenario import Scenario
from ktstr.vm.result import Ending, VmResult

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = re.findall(
    r"^```python\n(.*?)^```$", (DOCS / "writing-tests.md").read_text(), re.DOTALL | re.MULTILINE
)
RESULT = VmResult(Ending.DONE, "", (), "", "", (), "tcg", "virtual", "7.2.0", None, 1.0, "boot")


class Guest:
    """Stands in for a test's `ctx`: it plans the run as usual, and all workers do well."""

    def __init__(self, test: KtstrTest) -> None:
        self.test, self.topology = test, test.topology
        self.plans: list[str] = []

    def run(
        self,
        *cgroups: CgroupDef,
        hold_s: float | None = None,
        checks: Checks | None = None,
        check: bool = True,
    ) -> RunReport:
        hold = self.test.duration_s if hold_s is None else hold_s
        self.plans.append(scenario_plan(Scenario(cgroups, hold_s=hold), self.topology))
        some = [{"cgroup": cgroup.name, "cpus": ()} for cgroup in cgroups for _ in range(2)]
        healthy = [{"run_ns": 800_000_000, "slept_ns": 1_200_000_000, **one} for one in some]
        guest = report(workers=workers(*healthy))
        limits = (checks or Checks()).over(self.test.checks)
        evidence = Evidence(guest, self.topology, cgroups, self.test.scheduler.is_sched_ext)
        violations = judge(evidence, limits)
        assert not violations
        return RunReport(tuple(violations), guest, RESULT)


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_registry", {})


def names(block: str) -> SimpleNamespace:
    """What a block defines, as if it were a file beside the documents."""
    defined: dict[str, Any] = {"__name__": "example"}
    exec(compile(block, str(DOCS / "example.py"), "exec"), defined)
    return SimpleNamespace(**defined)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_can_be_pasted(block: str) -> None:
    defined = vars(names(block))
    tests = [(value, record) for value in defined.values() if (record := record_of(value))]
    for body, record in tests:
        guest = Guest(record)
        body(guest)
        assert guest.plans
    assert tests or scheduler.registered()


def test_there_are_examples() -> None:
    assert len(BLOCKS) == 4


def test_the_table_of_checks_has_every_check_with_its_default() -> None:
    text = (DOCS / "writing-tests.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (\w+) \|$", text.partition("## Checks")[2], re.MULTILINE))
    words = {True: "on", False: "off"}
    defaults = {
        name: words[value] if isinstance(value, bool) else f"{value:g}"
        for name, value in record().checks.said
    }
    assert rows == {**dict.fromkeys(builtin.NAMES, "off"), **defaults}


def record() -> KtstrTest:
    found = record_of(names("from ktstr import ktstr_test\n@ktstr_test()\ndef body(ctx): ...\n").body)
    assert found is not None
    return found


# The agent's language

AGENT = "".join(path.read_text() for path in sorted(Path(agent.__file__).with_name("agent").glob("*.c")))
PLAN = (DOCS / "plan.md").read_text()


def documented(table: str) -> set[str]:
    """The names in the first column of the table whose first head is `table`."""
    rows = PLAN.partition(f"| {table} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_every_operation_of_the_plan_is_documented() -> None:
    assert documented("operation") == set(re.findall(r"^KTSTR_OPERATION\((\w+)", AGENT, re.MULTILINE))


def test_every_event_is_documented() -> None:
    assert documented("event") == set(re.findall(r'(?:emit_begin\(|\.event = )"(\w+)"', AGENT))


def test_every_field_of_a_worker_is_documented() -> None:
    emits = AGENT.partition("static void emit_worker")[2].partition("\n}\n")[0]
    assert documented("field") == set(re.findall(r'emit_\w+\("(\w+)", ', emits)) | {"cpus"}


def test_every_field_of_an_event_is_documented() -> None:
    fields = set(re.findall(r'emit_(?:text|bytes|base64|u64|u64s|i64|sysfs|cpu_file)\("(\w+)", ', AGENT))
    assert {field for field in fields if f"`{field}`" not in PLAN} == set()


def test_every_ending_is_documented() -> None:
    assert {ending.name for ending in Ending} == set(
        re.findall(r"`([A-Z_]+)`", PLAN.partition("## How a guest")[2])
    )


# Troubleshooting

FILES = [path for kind in ("py", "c") for path in DOCS.parent.glob(f"ktstr/**/*.{kind}")]
SOURCES = re.sub(r'"\s+f?"', "", "".join(path.read_text() for path in FILES))
MESSAGES = re.findall(r"^\| `(.*?)` \| ", (DOCS / "troubleshooting.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("message", [one for one in MESSAGES if one != "could not import 'ktstr'"])
def test_a_message_of_the_troubleshooting_is_one_of_ours(message: str) -> None:
    assert message in SOURCES


# The documents as a whole

PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]*)#?[^)]*\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    verbs = re.findall(
        r"(?:^ {4}(?:\.venv/bin/)?|`)(?:ktstr|invoke) ([a-z][a-z-]+)", page.read_text(), re.MULTILINE
    )
    assert set(verbs) <= set(tasks.ns.task_names)


# Settings and hooks


def test_every_setting_is_documented() -> None:
    page = (DOCS / "settings.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \| ", page, re.MULTILINE)) == set(settings.KEYS)
    example = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)[0]
    table = tomllib.loads(example)["tool"]["ktstr"]
    assert {key: settings.checked(key, value, "") for key, value in table.items()}


def test_every_option_is_documented() -> None:
    page = (DOCS / "running.md").read_text()
    documented = set(re.findall(r"^\| `(--[\w-]+)", page, re.MULTILINE))
    assert documented == {name for name in option_names() if not name.startswith("--ktstr-")}


def test_the_example_of_hooks_is_one() -> None:
    (example,) = re.findall(
        r"^```python\n(.*?)^```$", (DOCS / "running.md").read_text(), re.DOTALL | re.MULTILINE
    )
    defined = names(example)
    assert set(vars(defined)) - {"__name__", "__builtins__"} == set(hookspec.__all__)
    passed = RunReport((), report(), RESULT)
    assert defined.pytest_ktstr_report_sections(None, passed) == []
