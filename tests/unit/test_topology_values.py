"""Topologies: their notation, their CPUs, and lists of CPUs as the kernel writes them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr import KtstrError, Node, Topology, ktstr_test
from ktstr.base.limits import MAX_CPUS
from ktstr.base.topology import cpu_list, parse_cpu_list
from ktstr.declare.test import record_of


def test_cpus_are_numbered_by_llc_and_node() -> None:
    topology = Topology.parse("2n4l2c2t")
    assert topology.cpus == 16
    assert topology.llc_cpus(1) == {4, 5, 6, 7}
    assert topology.node_cpus(1) == set(range(8, 16))


@given(st.tuples(*[st.integers(1, 4)] * 4))
def test_the_notation_is_read_back(shape: tuple[int, int, int, int]) -> None:
    nodes, llcs, cores, threads = shape
    topology = Topology(nodes, nodes * llcs, cores, threads)
    assert Topology.parse(str(topology)) == topology


@given(st.tuples(*[st.integers(1, 4)] * 4))
def test_llcs_and_nodes_each_divide_the_cpus(shape: tuple[int, int, int, int]) -> None:
    nodes, llcs, cores, threads = shape
    topology = Topology(nodes, nodes * llcs, cores, threads)
    everything = list(range(topology.cpus))
    assert sorted(cpu for llc in range(topology.llcs) for cpu in topology.llc_cpus(llc)) == everything
    assert sorted(cpu for node in range(nodes) for cpu in topology.node_cpus(node)) == everything


@pytest.mark.parametrize(
    "text", ["", "1n2l4c", "1n2l4c1t1", "0n1l1c1t", "1n1l1c99999t", "-1n1l1c1t", "٢n٢l٢c٢t", None]
)
def test_other_notations_are_refused(text: str) -> None:
    with pytest.raises(KtstrError, match="topology"):
        Topology.parse(text)


def test_every_node_has_the_same_number_of_llcs() -> None:
    with pytest.raises(KtstrError, match="2n3l1c1t: llcs=3 is not a multiple of numa_nodes=2"):
        Topology(2, 3, 1, 1)


def test_the_agent_drives_a_bounded_number_of_cpus() -> None:
    assert Topology(1, 1, MAX_CPUS, 1).cpus == MAX_CPUS
    with pytest.raises(KtstrError, match=f"2048 CPUs; must be at most {MAX_CPUS}"):
        Topology(1, 2, MAX_CPUS, 1)


def test_a_cpu_list_is_written_as_the_kernel_does() -> None:
    assert cpu_list(frozenset({7, 0, 1, 2, 3, 9})) == "0-3,7,9"
    assert cpu_list(frozenset()) == ""


@given(st.frozensets(st.integers(0, 300)))
def test_a_cpu_list_is_read_back(cpus: frozenset[int]) -> None:
    assert parse_cpu_list(cpu_list(cpus) + "\n") == cpus


@pytest.mark.parametrize("text", ["a", "1-", "-1", "3-1", "1-2-3", "0 1"])
def test_other_cpu_lists_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (int() and ours say it in different words)
        parse_cpu_list(text)


RICH = Topology(
    threads=2,
    packages=[2, 1],
    nodes=[Node([4, 2], 512), Node([3]), Node(memory_mb=128)],
    distances=[[10, 20, 30], [20, 10, 31], [30, 31, 10]],
)


def test_a_machine_whose_parts_differ_has_a_text_of_its_own() -> None:
    assert str(RICH) == "3n3l4.2_3_0c2t-2.1p-512.a.128m-10.20.30_20.10.31_30.31.10d"
    assert Topology.parse(str(RICH)) == RICH
    assert hash(Topology.parse(str(RICH))) == hash(RICH)
    assert (RICH.numa_nodes, RICH.llcs, RICH.cores, RICH.cpus) == (3, 3, 4, 18)


def test_a_topology_answers_where_a_cpu_is() -> None:
    assert RICH.siblings(13) == {12, 13}
    assert [RICH.core_of(13), RICH.llc_of(13), RICH.node_of(13), RICH.package_of(13)] == [6, 2, 1, 1]
    assert RICH.llc_cpus(1) == {8, 9, 10, 11}
    assert RICH.core_cpus(6) == {12, 13}
    assert RICH.package_cpus(0) == RICH.node_cpus(0) == set(range(12))
    assert RICH.node_cpus(2) == set()
    assert (RICH.node_llcs(0), RICH.node_llcs(2)) == ((0, 1), ())
    assert RICH.distance(1, 2) == RICH.distance(2, 1) == 31
    assert RICH.memory_mb(1024) == (512, 384, 128)


def test_what_is_not_said_is_as_usual() -> None:
    usual = Topology(2, 4, 2, 1)
    assert [usual.distance(0, 0), usual.distance(0, 1)] == [10, 20]
    assert usual.package_llcs == (1, 1, 1, 1)
    assert usual.llc_cores == (2, 2, 2, 2)
    assert usual.memory_mb(257) == (129, 129)


@pytest.mark.parametrize(
    "same",
    [
        Topology(nodes=[Node([4, 4]), Node([4, 4])]),
        Topology(2, 4, 4, 1, packages=4),
        Topology(2, 4, 4, 1, packages=[1, 1, 1, 1]),
        Topology(2, 4, 4, 1, distances=[[10, 20], [20, 10]]),
        Topology.parse("2n4l4.4_4.4c1t-4p-a.am-10.20_20.10d"),
    ],
)
def test_equal_machines_are_equal_topologies(same: Topology) -> None:
    assert same == Topology(2, 4, 4, 1)
    assert str(same) == "2n4l4c1t"


NODES = st.lists(
    st.builds(Node, st.lists(st.integers(1, 4), min_size=1, max_size=3), st.none() | st.integers(0, 999)),
    min_size=1,
    max_size=3,
)
MEMORY_NODES = st.lists(st.builds(Node, st.just(()), st.none() | st.integers(1, 999)), max_size=2)


@given(NODES, MEMORY_NODES, st.integers(1, 2), st.data())
def test_every_machine_is_read_back(
    nodes: list[Node], memory: list[Node], threads: int, data: st.DataObject
) -> None:
    every = [*nodes, *memory]
    far = data.draw(st.lists(st.integers(11, 254), min_size=len(every) ** 2, max_size=len(every) ** 2))
    rows = [[10 if a == b else far[a * len(every) + b] for b in range(len(every))] for a in range(len(every))]
    llcs = sum(len(node.llcs) for node in nodes)
    packages = data.draw(st.sampled_from([(), 1, [llcs], [1] * llcs, [llcs - 1, 1] if llcs > 1 else ()]))
    topology = Topology(threads=threads, packages=packages, nodes=every, distances=rows)
    assert Topology.parse(str(topology)) == topology
    cpus = range(topology.cpus)
    assert all(cpu in topology.llc_cpus(topology.llc_of(cpu)) for cpu in cpus)
    assert all(cpu in topology.package_cpus(topology.package_of(cpu)) for cpu in cpus)
    assert sorted(cpu for node in range(len(every)) for cpu in topology.node_cpus(node)) == list(cpus)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2n3l4.2c1t", "2 nodes, but LLCs of 1"),
        ("2n2l4.2_4c1t", "2 LLCs, but cores of 3"),
        ("2n2l4c1t-512m", "2 nodes, but memory of 1"),
        ("2n2l4c1t-3p", "packages: LLCs|packages=3"),
        ("1n3l4c1t-2p", "3 LLCs are not divisible by it; give the number of LLCs of each"),
        ("1n3l4c1t-2.2p", r"packages=\(2, 2\): have 4 LLCs; there are 3"),
        ("2n2l4c1t-10.20d", "must be 2 rows of 2 numbers"),
        ("2n2l4c1t-10.10_20.10d", r"distances\[0\]\[1\]=10: must be a whole number from 11 to 254"),
        ("2n2l4c1t-11.20_20.10d", r"distances\[0\]\[0\]=11: must be a whole number from 10 to 10"),
        ("2n2l0_4.4c1t", "node 0 has no LLC, and a later one has; the kernel numbers nodes with CPUs first"),
        ("1n1l4c1t-1p-512", "not of the form"),
        ("1n1l4c1t-512m-1p", "not of the form"),
        ("1n1l0c1t", "cores=0: must be"),
    ],
)
def test_what_contradicts_itself_is_refused(text: str, why: str) -> None:
    with pytest.raises(KtstrError, match=why) as caught:
        Topology.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Node([], 0), "has neither LLCs nor memory"),
        (lambda: Node([0]), "cores of an LLC=0: must be"),
        (lambda: Node(4), "llcs=4: must be a list"),  # type: ignore[arg-type]
        (lambda: Node([4], -1), "memory_mb=-1: must be"),
        (lambda: Topology(nodes=[4]), r"nodes=\(4,\): must be a list of Node"),  # type: ignore[list-item]
        (lambda: Topology(nodes=[Node(memory_mb=1)]), "none has an LLC"),
        (lambda: Topology(llcs=5, nodes=[Node([1, 2])]), "llcs=5: contradicts nodes, which have 2"),
        (lambda: RICH.llc_of(18), "has no CPU 18; it has 18, numbered from 0"),
        (lambda: RICH.node_cpus(3), "has no node 3; it has 3, numbered from 0"),
        (lambda: RICH.distance(0, -1), "has no node -1; it has 3"),
        (lambda: Topology(1, 1024, 1024, 1024), "1073741824 CPUs; must be at most 1024"),
    ],
)
def test_wrong_questions_and_parts_are_refused(make: Callable[[], object], why: str) -> None:
    with pytest.raises(KtstrError, match=why):
        make()


def test_a_test_takes_the_topology_and_its_dimensions_from_the_scheduler_or_sets_them() -> None:
    def of(**given: Any) -> Topology:
        record = record_of(ktstr_test(**given)(described_nowhere))
        assert record is not None
        return record.topology

    assert of(topology=RICH) == RICH
    assert of(topology="1n4l2c1t-1p", cores=3) == Topology(1, 4, 3, 1, packages=1)
    assert of(topology=RICH, threads=1) == Topology.parse(str(RICH).replace("2t", "1t"))
    with pytest.raises(
        KtstrError, match=r"llcs=2: topology 3n3l.* has nodes that differ; give topology= instead"
    ):
        of(topology=RICH, llcs=2)
    with pytest.raises(KtstrError, match=r"packages=\(4,\): have 4 LLCs; there are 8"):
        of(topology="1n4l2c1t-1p", llcs=8)


def described_nowhere(ctx: object) -> None:
    """The body of a test."""
