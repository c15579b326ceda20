"""What a declaration sets in a BPF scheduler, as the loader takes it, and what is no value."""

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.declare.values import assignments, checked_values

TWO = Topology.parse("1n2l4c1t")


def test_values_are_paths_with_numbers_texts_and_lists() -> None:
    values = checked_values(
        {"a": True, "b.c[3]": -4, "map[-1].x": 2, "mine_ops.name": "fast", "weights": [1, 2**64 - 1]}
    )
    assert assignments(values, TWO) == (
        "a=1",
        "b.c[3]=-4",
        "map[-1].x=2",
        "mine_ops.name=fast",
        "weights=1,18446744073709551615",
    )


def test_a_function_gives_the_value_of_a_topology() -> None:
    values = checked_values(
        {"nr_llcs": lambda topology: topology.llcs, "of": lambda topology: [7] * topology.llcs}
    )
    assert assignments(values, TWO) == ("nr_llcs=2", "of=7,7")


def test_a_function_that_gives_no_value_is_named_with_the_topology() -> None:
    values = checked_values({"nr": lambda topology: None})
    with pytest.raises(
        KtstrError, match=r"^values\['nr'\] for topology 1n2l4c1t=None: must be a whole number"
    ):
        assignments(values, TWO)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (7, "values"),
        ({"a b": 1}, "values: 'a b': must be a variable with members or elements"),
        ({"a->b": 1}, "values: 'a->b'"),
        ({"a[x]": 1}, r"values: 'a\[x\]'"),
        ({"a": 1.5}, r"values\['a'\]=1.5: must be a whole number of 64 bits"),
        ({"a": []}, r"values\['a'\]"),
        ({"a": [1, "x"]}, r"values\['a'\]='x'"),
        ({"a": 2**64}, r"values\['a'\]="),
    ],
)
def test_what_is_no_value_is_refused(values: object, named: str) -> None:
    with pytest.raises(KtstrError, match=f"^{named}"):
        checked_values(values)


def test_one_path_for_every_element() -> None:
    values = checked_values(
        {"of[*].mask": lambda topology: [1, 2], "rows[*]": [[1, 2], [3]], "dsq[*]": ["a", "b"]}
    )
    assert assignments(values, TWO) == (
        "of[0].mask=1",
        "of[1].mask=2",
        "rows[0]=1,2",
        "rows[1]=3",
        "dsq[0]=a",
        "dsq[1]=b",
    )


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"of[*].a[*]": [1]}, r"values: 'of\[\*\]\.a\[\*\]'"),
        ({"of[*]": 1}, r"values\['of\[\*\]'\]=1: must be a list, with a value for each element"),
        ({"of[*]": []}, r"values\['of\[\*\]'\]=\[\]"),
        ({"of[*]": [1.5]}, r"values\['of\[\*\]'\]=1.5: must be a whole number"),
    ],
)
def test_what_is_no_list_for_every_element_is_refused(values: object, named: str) -> None:
    with pytest.raises(KtstrError, match=f"^{named}"):
        checked_values(values)
