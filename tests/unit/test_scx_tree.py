"""A scheduler of an scx tree: what its build script says of its BPF part, and how it is declared."""

from pathlib import Path
from typing import Any

import pytest

from ktstr import KtstrError, Scheduler, Topology, declare_scx
from ktstr.base.machine import machine_of_host
from ktstr.bpf.scx_tree import read_scx
from ktstr.declare.runs import run_calls
from ktstr.declare.scx.recipe import GLUE
from ktstr.declare.scx.recipes import RECIPES
from ktstr.declare.values import assignments

BUILD = """\
fn main() {
    std::env::set_var("BPF_EXTRA_CFLAGS_PRE_INCL", "-O2 -DFAST=1");
    scx_cargo::BpfBuilder::new()
        .unwrap()
        .enable_intf("src/bpf/intf.h", "bpf_intf.rs")
        .add_source("src/bpf/queues.bpf.c")
        .enable_skel("src/bpf/main.bpf.c", "bpf")
        .compile_link_gen()
        .unwrap();
}
"""
IN_RUST = "fn main() { scx_rustland_core::RustLandBuilder::new().unwrap().build().unwrap(); }\n"


@pytest.fixture(autouse=True)
def nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ktstr.declare.scheduler._registry", {})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, script in (("scx_fast", BUILD), ("scx_mitosis", BUILD), ("scx_slow", IN_RUST)):
        bpf = tmp_path / "scheds" / "rust" / name / "src" / "bpf"
        bpf.mkdir(parents=True)
        (bpf / "main.bpf.c").touch()
        (bpf / "queues.bpf.c").touch()
        (bpf.parents[1] / "build.rs").write_text(script)
    return tmp_path


def declare(tree: Path, name: str = "scx_fast", **fields: Any) -> Scheduler:
    fields = {"part": "bpf"} | fields
    return declare_scx(name, tree=tree, **fields)


def test_the_build_script_names_sources_and_options(tree: Path) -> None:
    found = read_scx(tree, "scx_fast")
    bpf = tree / "scheds" / "rust" / "scx_fast" / "src" / "bpf"
    assert found.sources == (bpf / "main.bpf.c", bpf / "queues.bpf.c")
    assert [flag for flag in found.cflags if flag in ("-O2", "-DFAST=1", "-Wno-error")] == [
        "-Wno-error",
        "-O2",
        "-DFAST=1",
    ]
    assert f"-I{tree / 'scheds' / 'include'}" in found.cflags
    assert found.vmlinux_h is None


def test_the_trees_own_types_are_taken(tree: Path) -> None:
    header = tree / "scheds" / "vmlinux" / "arch" / machine_of_host().kernel_arch / "vmlinux.h"
    header.parent.mkdir(parents=True)
    header.touch()
    assert declare(tree).vmlinux_h == header
    assert declare(tree, "scx_mitosis", vmlinux_h="6.12").vmlinux_h == "6.12"


def test_the_bpf_part_is_declared_with_the_recipe(tree: Path) -> None:
    mine = declare(tree, "scx_mitosis", values={"slice_ns": 7}, topology="1n2l4c1t")
    assert mine.name == "scx_mitosis"
    assert mine.declared_in == __file__
    values = assignments(mine.values, Topology.parse("1n2l4c1t"))
    assert "slice_ns=7" in values
    assert "cpu_to_llc=0,0,0,0,1,1,1,1" in values
    assert "llc_to_cpus[1].bits=240,0,0,0,0,0,0,0" in values


def test_none_takes_one_of_the_recipes_out(tree: Path) -> None:
    mine = declare(tree, "scx_mitosis", values={"slice_ns": None})
    assert "slice_ns" not in mine.values
    assert "nr_llc" in mine.values


def test_without_the_recipe_the_fields_alone_count(tree: Path) -> None:
    assert declare(tree, "scx_mitosis", values={"slice_ns": 7}, recipe=False).values == {"slice_ns": 7}


def test_the_program_is_built_in_the_tree(tree: Path) -> None:
    mine = declare(tree, part="program", sched_args=["-v"], values={"slice_ns": 7})
    assert mine.build == (*("env", f"--chdir={tree}", "cargo", "build", "--release", "-p", "scx_fast"),)
    assert mine.binary_path == tree / "target" / "release" / "scx_fast"
    assert mine.sched_args == ("-v",)
    assert not mine.values


def test_options_of_cargo_are_kept(tree: Path) -> None:
    mine = declare(tree, part="program", cargo="cargo build --offline")
    assert mine.build[2:] == ("cargo", "build", "--offline", "-p", "scx_fast")
    assert mine.binary_path == tree / "target" / "debug" / "scx_fast"


@pytest.mark.parametrize("cargo", [True, False])
def test_auto_is_the_program_if_there_is_a_cargo(
    tree: Path, monkeypatch: pytest.MonkeyPatch, cargo: bool
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name if cargo else None)
    assert bool(declare(tree, part="auto").bpf) is not cargo


def test_a_relative_tree_starts_at_the_declaring_file() -> None:
    with pytest.raises(KtstrError, match=f"tree={Path(__file__).parent / 'no_such'}: not a checkout of scx"):
        declare_scx("scx_fast", tree="no_such")


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        (
            "scx_fats",
            {},
            "scx=scx_fats: .* has no such scheduler; near is scx_fast; it has scx_fast, scx_mitosis",
        ),
        ("scx_fast", {"part": "rust"}, "part='rust': must be auto, program or bpf"),
        ("scx_slow", {}, "scx=scx_slow: has no BPF sources of its own: its program takes the decisions"),
        ("scx_fast", {"attach_timeout_s": -1}, "attach_timeout_s"),
        ("scx_fast", {"attach_timeout_s": -1, "part": "program"}, "attach_timeout_s"),
        ("scx_fast", {"bpf": "mine.bpf.c"}, "bpf: is what the tree says; declare_scheduler takes it"),
    ],
)
def test_what_is_wrong_is_named(tree: Path, name: str, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(KtstrError, match=f"^{__file__}: scheduler '{name}': {reason}"):
        declare(tree, name, **fields)


def test_a_source_that_is_missing_is_named(tree: Path) -> None:
    (tree / "scheds" / "rust" / "scx_fast" / "src" / "bpf" / "queues.bpf.c").unlink()
    with pytest.raises(KtstrError, match=r"build\.rs names .*queues\.bpf\.c, and there is no such file"):
        declare(tree)


@pytest.mark.parametrize("name", sorted(RECIPES))
@pytest.mark.parametrize("topology", ["1n1l1c1t", "1n2l2c2t", "2n4l2c1t"])
def test_a_recipe_says_its_values_for_each_topology(name: str, topology: str) -> None:
    recipe, guest = RECIPES[name], Topology.parse(topology)
    assert all("=" in text for text in assignments(recipe.values, guest))
    assert run_calls(recipe.setup_programs, guest) is not None
    assert all((GLUE / source).is_file() for source in (*recipe.more, *filter(None, [recipe.main])))


def test_a_recipe_says_for_how_many_cpus_it_is() -> None:
    with pytest.raises(KtstrError, match=r"CPU 512: the recipes for scx's schedulers have masks of 512 CPUs"):
        assignments(RECIPES["scx_rusty"].values, Topology(1, 9, 60, 1))


def test_the_arenas_tree_begins_at_the_top() -> None:
    calls = run_calls(RECIPES["scx_p2dq"].setup_programs, Topology.parse("1n2l2c1t"))
    assert calls[:3] == (
        "arena_init=8,sizeof(struct task_p2dq)",
        "arena_topology_init=1,2,2,1,0",
        "ktstr_topology_node=0,15,0,0,0,0,0,0,0",
    )
    assert calls[4:6] == ("ktstr_topology_node=0,3,0,0,0,0,0,0,0", "ktstr_topology_node=1,12,0,0,0,0,0,0,0")
