"""Operations and work types of a user's own, and the C that carries them out."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from own_operations import SMALL, Churn, Ping

from ktstr import CgroupDef, KtstrError, Topology
from ktstr.scenario.operation import Operation
from ktstr.scenario.operations.hold import HoldFor
from ktstr.scenario.plan import plan_of, scenario_plan
from ktstr.scenario.scenario import Scenario
from ktstr.scenario.work_type import WorkType

# A user's own


def test_a_users_operation_is_its_name_and_its_fields() -> None:
    assert plan_of([Ping(3, True, "green", ("a b", ""))], SMALL) == "ping 3 1 green a%20b \n"


def test_a_users_work_type_is_its_name_and_its_parameters() -> None:
    text = scenario_plan(Scenario((CgroupDef("cg", 1, work=Churn()),), hold_s=1), SMALL)
    assert "spawn cg 1 churn depth=2 rest_ns=1500000 policy=normal\n" in text


def test_a_class_that_is_not_a_frozen_dataclass_is_refused() -> None:
    class Bare(Operation):
        name = "bare"
        count: int = 1

    with pytest.raises(KtstrError, match=r"^Bare: must be decorated with @dataclass\(frozen=True\)$"):
        Bare()


@pytest.mark.parametrize("bad", ["", "Ping", "1x", "a b", "a" * 33, None])
def test_a_class_needs_a_name_that_the_agent_accepts(bad: Any) -> None:
    @dataclass(frozen=True)
    class Named(Operation):
        name = bad

    with pytest.raises(KtstrError, match=r"^Named: name=.*: must be 1 to 32 lower-case letters"):
        Named()


@pytest.mark.parametrize("taken", ["hold", "seed", "pace"])
def test_a_users_operation_may_not_take_a_name_of_ktstrs_own(taken: str) -> None:
    @dataclass(frozen=True)
    class Mine(Operation):
        name = taken

    with pytest.raises(KtstrError, match=rf"^Mine: name='{taken}': is an operation of ktstr's own$"):
        plan_of([Mine()], SMALL)


def test_a_field_of_a_type_that_cannot_be_an_argument_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd(Operation):
        name = "odd"
        when: complex = 1j

    with pytest.raises(KtstrError, match=r"^odd: when: complex is no type of an argument: annotate it"):
        plan_of([Odd()], SMALL)


def test_tokens_that_cannot_be_in_a_line_are_refused() -> None:
    @dataclass(frozen=True)
    class Odd(Operation):
        name = "odd"

        def arguments(self, topology: Topology) -> tuple[str, ...]:
            return (topology.cpus,)  # type: ignore[return-value]

    with pytest.raises(KtstrError, match=r"^odd: argument 1: 8: must be a text without zero bytes$"):
        plan_of([Odd()], SMALL)


@pytest.mark.parametrize("key", ["policy", "words"])
def test_a_parameter_that_spawn_does_not_accept_is_refused(key: str) -> None:
    kind: Any = dataclass(frozen=True)(
        type("Odd", (WorkType,), {"name": "odd", key: ("a", "b"), "__annotations__": {key: tuple[str, ...]}})
    )
    with pytest.raises(KtstrError, match=rf"^Odd: {key}: cannot be a parameter of a work type: must"):
        _ = kind().tokens


# Sources


def project(folder: Path, name: str, source: str | None) -> Any:
    """The module of a user's project in `folder`, with an operation that `source` carries out."""
    (folder / f"{name}.py").write_text(
        "from dataclasses import dataclass\n"
        "from ktstr.scenario.operation import Operation\n\n"
        "@dataclass(frozen=True)\n"
        f"class Knock(Operation):\n    name = 'knock'\n    source = {source!r}\n"
    )
    sys.path.insert(0, str(folder))
    try:
        return __import__(name)
    finally:
        sys.path.remove(str(folder))


def test_a_source_is_found_beside_its_class(tmp_path: Path) -> None:
    (tmp_path / "knock.c").write_text("")
    module = project(tmp_path, "knock_with_source", "knock.c")

    @dataclass(frozen=True)
    class Derived(module.Knock):  # type: ignore[name-defined, misc]
        pass

    assert Derived.source_file() == module.Knock.source_file() == (tmp_path / "knock.c").resolve()
    assert HoldFor.source_file() is None


@pytest.mark.parametrize("source", ["missing.c", "knock_py.py"])
def test_a_source_that_is_not_a_c_file_is_refused(tmp_path: Path, source: str) -> None:
    (tmp_path / "knock_py.py").write_text("")
    module = project(tmp_path, f"knock_{source.replace('.', '_')}_bad", source)
    with pytest.raises(KtstrError, match=rf"^Knock: source='{source}': no such C file: {tmp_path}/{source}$"):
        module.Knock.source_file()


def test_a_scenario_has_the_sources_of_its_parts(tmp_path: Path) -> None:
    (tmp_path / "knock.c").write_text("")
    knock = project(tmp_path, "knock_in_scenario", "knock.c").Knock()
    scenario = Scenario((knock, CgroupDef("cg"), knock))
    assert scenario.sources == ((tmp_path / "knock.c").resolve(),)
    assert Scenario((CgroupDef("cg"),)).sources == ()


def test_annotations_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    code = (
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from ktstr.scenario.operation import Operation\n"
        "@dataclass(frozen=True)\n"
        "class Knock(Operation):\n    name = 'knock'\n    when: Missing = 1\n"
        "Knock()\n"
    )
    script = tmp_path / "knock.py"
    script.write_text(code)
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert "KtstrError: Knock: its annotations cannot be read: name 'Missing' is not defined" in ended.stderr
