"""The suite of the kernel tree's own tests: its page, and what it says of a source that has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktstr import KtstrError
from ktstr.kernel.source_tree import SELFTESTS, SourceTree
from ktstr.kernel.spec import parse_version

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tests" / "selftests")  # type: ignore[no-untyped-call, unused-ignore]


def test_the_page_has_the_table() -> None:
    from table import page_table

    assert page_table() in (ROOT / "docs" / "selftests.md").read_text()


def test_names_and_parts_are_given_once() -> None:
    from table import CASES, LISTED

    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert all(one.why for one in LISTED)
    assert not {one.of for one in LISTED if one.before} - {case.of for case in CASES}


def test_a_source_without_them_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tree

    source = SourceTree(parse_version("6.11.3"), "0" * 8, tmp_path)
    monkeypatch.setattr(tree, "fetch_tree", lambda series: source)
    tree.find_tree.cache_clear()
    with pytest.raises(KtstrError) as caught:
        tree.find_tree()
    assert str(caught.value) == (
        f"kernel source 6.11.3: has no tests in {SELFTESTS}; accepted are sources from 6.12 on, and"
        " kernels/sources.toml chooses one"
    )


def test_a_test_of_the_tree_is_a_c_file_that_registers_itself(tmp_path: Path) -> None:
    from tree import Tree

    for name, text in {
        "exit.c": "REGISTER_SCX_TEST(&exit_test)\n",
        "exit.bpf.c": "REGISTER_SCX_TEST(&no)\n",
        "util.c": "long file_read_long(const char *path);\n",
    }.items():
        (tmp_path / name).write_text(text)
    assert Tree("7.3", tmp_path, ()).tests == {"exit"}
