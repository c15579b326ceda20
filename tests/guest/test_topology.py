"""The guest's own sysfs shows the declared topology."""

from dataclasses import replace

import pytest

from ktstr import CgroupDef, Ctx, Topology, ktstr_test
from ktstr.vm.job import default_memory_mb

# MiB that a kernel may take of a node while it boots.
KERNEL_MB = 96


def described(ctx: Ctx, text: str) -> None:
    """Run a guest of this topology, and compare what its sysfs shows."""
    topology = Topology.parse(text)
    guest = Ctx(replace(ctx.test, topology=topology), ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    report = guest.run(CgroupDef("cg", workers=1), hold_s=0.01)
    ctx.runs.extend(guest.runs)

    shown = report.guest
    assert [cpu.cpu for cpu in shown.cpus] == list(range(topology.cpus))
    for cpu in shown.cpus:
        assert cpu.threads == topology.siblings(cpu.cpu)
        assert cpu.llc == topology.llc_cpus(topology.llc_of(cpu.cpu))
        assert cpu.die == cpu.llc
        assert cpu.package == topology.package_cpus(topology.package_of(cpu.cpu))
        assert cpu.node == topology.node_of(cpu.cpu)
    assert [node.node for node in shown.nodes] == list(range(topology.numa_nodes))
    for node, memory_mb in zip(shown.nodes, topology.memory_mb(default_memory_mb(topology)), strict=True):
        assert node.cpus == topology.node_cpus(node.node)
        assert list(node.distances) == [
            topology.distance(node.node, other) for other in range(topology.numa_nodes)
        ]
        assert memory_mb - KERNEL_MB <= node.memory_mb <= memory_mb


@pytest.mark.parametrize("text", ["1n1l2c1t", "1n2l4c1t", "1n2l2c2t", "2n4l4c1t", "1n3l3c1t"])
@ktstr_test()
def guest_has_the_declared_topology(ctx: Ctx, text: str) -> None:
    described(ctx, text)


@pytest.mark.parametrize(
    "text",
    [
        "1n2l2c1t-1p",
        "1n4l2c2t-2p",
        "1n3l3c1t-1p",
        "2n2l2c1t-1p",
        "1n3l2c1t-2.1p",
        "1n2l3.1c1t",
        "1n3l2.1.3c2t-1p",
        "2n3l4.2_2c1t-2.1p",
    ],
)
@ktstr_test()
def llcs_share_packages_and_differ(ctx: Ctx, text: str) -> None:
    described(ctx, text)


@pytest.mark.parametrize(
    "text",
    [
        "2n2l2c1t-10.31_31.10d",
        "3n3l1c1t-10.20.30_21.10.40_30.41.10d",
        "2n2l2c1t-512.128m",
        "2n2l2c1t-a.64m",
        "2n2l2c1t-512.0m",
        "2n2l2c1t-0.512m",
        "2n1l2_0c1t-512.256m",
        "4n3l2.1_2_0_0c1t-256.0.64.32m-10.20.40.40_20.10.50.60_40.50.10.20_40.60.20.10d",
    ],
)
@ktstr_test()
def nodes_differ_in_memory_cpus_and_distance(ctx: Ctx, text: str) -> None:
    described(ctx, text)
