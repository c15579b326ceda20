"""Topologies: their notation, their CPUs, and lists of CPUs as the kernel writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr import KtstrError, Topology
from ktstr.base.limits import MAX_CPUS
from ktstr.base.topology import cpu_list, parse_cpu_list


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
