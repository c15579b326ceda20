"""The guest's own sysfs shows the declared topology."""

from dataclasses import replace

import pytest

from ktstr import CgroupDef, Ctx, Topology, ktstr_test


@pytest.mark.parametrize("text", ["1n1l2c1t", "1n2l4c1t", "1n2l2c2t", "2n4l4c1t", "1n3l3c1t"])
@ktstr_test()
def guest_has_the_declared_topology(ctx: Ctx, text: str) -> None:
    topology = Topology.parse(text)
    guest = Ctx(replace(ctx.test, topology=topology), ctx.kernel, "auto", ctx.seed, ctx.artifacts)
    report = guest.run(CgroupDef("cg", workers=1), hold_s=0.01)
    ctx.runs.extend(guest.runs)

    assert [cpu.cpu for cpu in report.guest.cpus] == list(range(topology.cpus))
    for cpu in report.guest.cpus:
        first = cpu.cpu - cpu.cpu % topology.threads
        assert cpu.threads == frozenset(range(first, first + topology.threads))
        assert cpu.llc == topology.llc_cpus(cpu.cpu // topology.cpus_per_llc)
        assert cpu.node == next(
            node for node in range(topology.numa_nodes) if cpu.cpu in topology.node_cpus(node)
        )
