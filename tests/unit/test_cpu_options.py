"""Topologies as the emulator's options, and those that it cannot have."""

from pathlib import Path

import pytest

from ktstr import KtstrError, Topology
from ktstr.base.machine import MACHINES
from ktstr.vm.qemu.cpus import (
    Memory,
    cpu_kargs,
    cpu_options,
    emulation_limit,
    hosting_limit,
    interrupt_options,
    memory_files,
)
from ktstr.vm.qemu.hardware import cpu_model


def options(text: str, memory_mb: int = 256, memory: Memory | None = None) -> str:
    return " ".join(cpu_options(Topology.parse(text), memory_mb, memory, "max"))


def test_an_llc_is_a_package_unless_packages_are_given() -> None:
    assert options("2n4l4c1t") == (
        "-smp 16,sockets=4,cores=4,threads=1 -m 256M"
        " -object memory-backend-ram,id=node0,size=128M -numa node,nodeid=0,memdev=node0,cpus=0-7"
        " -object memory-backend-ram,id=node1,size=128M -numa node,nodeid=1,memdev=node1,cpus=8-15"
    )


def test_llcs_of_a_package_are_its_dies() -> None:
    assert options("1n4l2c2t-2p").startswith("-smp 16,sockets=2,dies=2,cores=2,threads=2 ")
    assert cpu_kargs(Topology.parse("1n4l2c2t-2p")) == []


def test_llcs_of_unequal_size_are_a_grid_with_gaps() -> None:
    assert options("1n2l2.1c1t") == (
        "-smp 1,maxcpus=4,sockets=2,cores=2,threads=1 -m 256M"
        " -object memory-backend-ram,id=node0,size=256M -numa node,nodeid=0,memdev=node0"
        " -numa cpu,node-id=0,socket-id=0"
        " -device max-x86_64-cpu,socket-id=0,core-id=1,thread-id=0"
        " -numa cpu,node-id=0,socket-id=1"
        " -device max-x86_64-cpu,socket-id=1,core-id=0,thread-id=0"
    )
    assert cpu_kargs(Topology.parse("1n2l2.1c1t")) == ["possible_cpus=3"]


def test_every_die_of_a_package_is_in_a_node() -> None:
    text = options("2n3l1.1_1c1t-2.1p")
    assert "-numa cpu,node-id=1,socket-id=1,die-id=0 -numa cpu,node-id=1,socket-id=1,die-id=1" in text
    assert text.endswith("-device max-x86_64-cpu,socket-id=1,die-id=0,core-id=0,thread-id=0")


def test_a_node_has_what_it_says() -> None:
    memory = Memory(Path("/a,b"), shared=True)
    assert options("3n2l2_2_0c1t-a.0.64m", 320, memory) == (
        "-smp 4,sockets=2,cores=2,threads=1 -m 320M"
        " -object memory-backend-file,id=node0,size=256M,mem-path=/a,,b/node-0,share=on"
        " -numa node,nodeid=0,memdev=node0,cpus=0-1 -numa node,nodeid=1,cpus=2-3"
        " -object memory-backend-file,id=node2,size=64M,mem-path=/a,,b/node-2,share=on"
        " -numa node,nodeid=2,memdev=node2"
    )
    topology = Topology.parse("3n2l2_2_0c1t-a.0.64m")
    assert [path.name for path in memory_files(Path("/x"), topology, 320)] == ["node-0", "node-2"]


def test_distances_are_given_both_ways() -> None:
    assert options("2n2l1c1t-10.31_41.10d").endswith(
        "-numa dist,src=0,dst=0,val=10 -numa dist,src=0,dst=1,val=31"
        " -numa dist,src=1,dst=0,val=41 -numa dist,src=1,dst=1,val=10"
    )


@pytest.mark.parametrize(
    ("text", "memory_mb", "why"),
    [
        ("2n2l1c1t-64.64m", 256, "its nodes have 128 MiB; memory_mb=256 contradicts that"),
        (
            "2n2l1c1t-256.am",
            256,
            "256 MiB in nodes that say how much they have, and memory_mb=256 leaves nothing",
        ),
    ],
)
def test_memory_that_contradicts_the_nodes_is_refused(text: str, memory_mb: int, why: str) -> None:
    with pytest.raises(KtstrError, match=why):
        options(text, memory_mb)


def test_more_cpus_need_a_release_with_wide_apic_ids() -> None:
    topology = Topology(1, 2, 128, 1)
    assert emulation_limit(topology, (7, 2)) == (
        "topology 1n2l128c1t: its 256 CPUs need APIC ids up to 255; QEMU without KVM has them up to 254"
        " before release 9.0, and this is 7.2"
    )
    assert emulation_limit(topology, (10, 0), "real") is None
    assert emulation_limit(topology, (10, 0), "virtual") == (
        "topology 1n2l128c1t: its 256 CPUs need APIC ids up to 255; QEMU's virtual clock has them up to 254,"
        " --clock real has them all"
    )
    assert hosting_limit(topology, (7, 2)) is None


def test_ids_count_the_gaps_of_dies_and_cores() -> None:
    assert "APIC ids up to 465;" in str(emulation_limit(Topology.parse("1n14l9c2t-2p"), (7, 2)))
    assert "APIC ids up to 433;" in str(emulation_limit(Topology.parse("1n14l9c2t"), (7, 2)))


def test_what_no_accelerator_changes() -> None:
    assert hosting_limit(Topology(1, 2, 150, 1), (7, 2)) == (
        "topology 1n2l150c1t: a grid of 300 CPUs; QEMU has 288 at most before release 8.1, and this is 7.2"
    )
    assert hosting_limit(Topology(1, 2, 150, 1), (8, 1)) is None
    assert hosting_limit(Topology(129, 129, 1, 1), (10, 0)) == (
        "topology 129n129l1c1t: 129 NUMA nodes; QEMU has 128 at most"
    )


def test_high_ids_need_interrupt_remapping() -> None:
    (machine,) = MACHINES
    device = ["-device", machine.board.interrupt_remapping]
    assert interrupt_options(Topology(1, 1, 255, 1), "tcg") == []
    assert interrupt_options(Topology(1, 1, 256, 1), "tcg") == device
    assert interrupt_options(Topology(1, 1, 256, 1), "kvm") == ["-machine", "kernel-irqchip=split", *device]


def test_a_cpu_is_of_the_accelerators_model() -> None:
    assert (cpu_model("tcg"), cpu_model("kvm")) == ("max", "host")
