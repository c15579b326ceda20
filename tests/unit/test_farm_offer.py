"""What a worker offers and what a job needs, and where a farm's scheduler is."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest
from vm_stand_in import a_job

from ktstr.base.errors import KtstrError
from ktstr.base.topology import Topology
from ktstr.farm.address import parse
from ktstr.farm.choice import executor_of
from ktstr.farm.offer import Offer, count_of, needs_of, nobody, offer_of_host, offer_of_json
from ktstr.vm.host import Accel, Emulator
from ktstr.vm.local import LocalExecutor

VIRTUAL = Accel("tcg", "virtual", "a test")
REAL = Accel("kvm", "real", "a test")
EMULATED = Accel("tcg", "real", "a test")
EMULATOR = Emulator("7.2.22", "0123456789abcdef")
SMALL = Offer("a", platform.machine(), 2, 4096, EMULATOR.version, EMULATOR.build, no_kvm="no /dev/kvm")
KVM = replace(SMALL, host="b", cores=16, no_kvm="")


def test_an_emulated_guest_needs_one_core_and_room_for_its_emulator(tmp_path: Path) -> None:
    needs = needs_of(a_job(tmp_path, "1n1l4c1t"), VIRTUAL, EMULATOR, [SMALL])
    assert str(needs) == "1 core, 640 MiB, the virtual clock"
    assert needs.met_by(SMALL)


def test_a_guest_under_kvm_needs_a_core_for_each_cpu(tmp_path: Path) -> None:
    job = replace(a_job(tmp_path, "1n1l4c1t"), clock="real")
    needs = needs_of(job, REAL, EMULATOR, [SMALL, KVM])
    assert str(needs) == "4 cores, 352 MiB, KVM"
    assert not needs.met_by(replace(SMALL, cores=16))
    assert needs.met_by(KVM)
    assert not needs.met_by(replace(KVM, cores=3))


def test_an_oversubscribed_guest_takes_all_cores_of_the_largest_host(tmp_path: Path) -> None:
    needs = needs_of(a_job(tmp_path, "1n1l32c1t"), REAL, EMULATOR, [SMALL, KVM])
    assert needs.cores == 16


def test_the_real_clock_without_kvm_needs_neither(tmp_path: Path) -> None:
    job = replace(a_job(tmp_path), clock="real")
    needs = needs_of(job, EMULATED, EMULATOR, [SMALL])
    assert needs.met_by(replace(SMALL, no_virtual="no compiler"))


@pytest.mark.parametrize(
    "changes",
    [
        {"no_virtual": "no compiler"},
        {"memory_mb": 639},
        {"build": "another"},
        {"version": "10.0.2"},
        {"machine": "riscv64"},
        {"protocol": 2},
    ],
)
def test_a_host_that_lacks_something_is_no_host_for_a_job(tmp_path: Path, changes: dict[str, object]) -> None:
    needs = needs_of(a_job(tmp_path), VIRTUAL, EMULATOR, [SMALL])
    assert not needs.met_by(replace(SMALL, **changes))  # type: ignore[arg-type]


def test_what_nobody_can_run_is_told_with_what_there_is(tmp_path: Path) -> None:
    needs = needs_of(replace(a_job(tmp_path), memory_mb=20_000), VIRTUAL, EMULATOR, [SMALL])
    assert nobody(needs, [SMALL, KVM, replace(SMALL, host="c")]) == (
        "it needs 1 core, 20384 MiB, the virtual clock; the workers are 2 with 2 cores, 4096 MiB, no KVM;"
        " 1 with 16 cores, 4096 MiB, KVM"
    )
    assert nobody(needs, [replace(SMALL, memory_mb=30_000)]) is None
    assert nobody(needs, []) == "it needs 1 core, 20384 MiB, the virtual clock; the farm has no worker"
    assert nobody(needs, [replace(SMALL, build="another")]) == (
        "it needs version 7.2.22 of the emulator, as built then; no worker has it any more"
    )


def test_an_offer_survives_its_way_to_a_client() -> None:
    assert offer_of_json(KVM.as_json()) == KVM


def test_this_host_offers_what_it_is_told_to() -> None:
    offer = offer_of_host(cores=3, memory_mb=512)
    assert (offer.cores, offer.memory_mb, offer.machine) == (3, 512, platform.machine())
    assert offer_of_host().memory_mb > 0


def test_a_host_with_another_build_of_the_emulator_gives_another_name() -> None:
    assert len(SMALL.amounts.keys() & replace(SMALL, build="another").amounts.keys()) == 3


@pytest.mark.parametrize("text", ["", "0", "-1", "2.5", "many", "99999999999"])
def test_a_count_is_a_whole_number(text: str) -> None:
    with pytest.raises(KtstrError, match=r"^--cores: must be a whole number above 0$"):
        count_of(text, "--cores")


def test_an_emulator_elsewhere_has_its_own_limits() -> None:
    old, new = Emulator("7.2.22", ""), Emulator("10.0.2", "")
    wide = Topology.parse("1n300l1c1t")
    assert old.limit(wide, REAL)
    assert new.limit(wide, REAL) is None
    assert old.cpu_turn_ns(8, bounded=True) != new.cpu_turn_ns(8, bounded=True)
    assert new.cpu_turn_ns(8, bounded=False) == 4_000_000


@pytest.mark.parametrize(
    ("text", "of_dask", "shown"),
    [
        ("dask://farm:8786", "tcp://farm:8786", "dask://farm:8786"),
        ("dask+tls://farm.example:1", "tls://farm.example:1", "dask+tls://farm.example:1"),
        ("tcp://10.0.0.1:8786", "tcp://10.0.0.1:8786", "dask://10.0.0.1:8786"),
        ("tls://[::1]:65535/", "tls://[::1]:65535", "dask+tls://[::1]:65535"),
    ],
)
def test_addresses(text: str, of_dask: str, shown: str) -> None:
    address = parse(text, "")
    assert (address.of_dask, str(address)) == (of_dask, shown)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "farm",
        "farm:8786",
        "dask://farm",
        "dask://:8786",
        "dask://farm:0",
        "dask://farm:70000",
        "ssh://farm:1",
        "dask://user@farm:8786",
        "dask://farm:8786/path",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(KtstrError, match=r"^x: must be dask://host:8786, or dask\+tls://host:8786$"):
        parse(text, "x: must be ")


def test_this_machine_is_an_executor_by_name() -> None:
    assert isinstance(executor_of("local"), LocalExecutor)
