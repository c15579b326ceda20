"""Which accelerator and clock are used: what the probe's guest reports of KVM, with a stand-in for QEMU."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from vm_stand_in import stand_in

from ktstr.base.errors import KtstrError
from ktstr.vm.qemu import accel
from ktstr.vm.qemu import program as qemu
from ktstr.vm.qemu.accel import probe


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A host with a /dev/kvm that anybody may open, and a cache that knows nothing of it."""
    (tmp_path / "kvm").touch()
    monkeypatch.setattr(accel, "_KVM", tmp_path / "kvm")
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    qemu.find_qemu.cache_clear()
    yield
    qemu.find_qemu.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    """Make QEMU run `body`; each start adds a line to `starts`."""
    script = stand_in(tmp_path, f"echo >>{tmp_path}/starts; {body}")
    monkeypatch.setenv("KTSTR_QEMU", str(script))


def test_kvm_that_boots_the_probe_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path, "exit 33")
    assert [(probe(clock).name, probe(clock).clock) for clock in ("auto", "real", "virtual")] == [
        ("kvm", "real"),
        ("kvm", "real"),
        ("tcg", "virtual"),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "echo 'qemu: warning: x' >&2; echo 'qemu: failed to set MSR 0x10a' >&2; kill -ABRT $$",
            "KVM is broken: its probe guest ended with signal 6 (qemu: failed to set MSR 0x10a)",
        ),
        ("exit 1", "KVM is broken: its probe guest ended with status 1"),
        ("exit 0", "KVM is broken: its probe guest ended with status 0"),
        ("exec sleep 60", "KVM is broken: its probe guest did nothing in 0.5 s"),
    ],
)
def test_broken_kvm_is_reported_and_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, reason: str
) -> None:
    monkeypatch.setattr(accel, "_PROBE_LIMIT_S", 0.5)
    use(monkeypatch, tmp_path, body)
    assert probe() == accel.Accel("tcg", "virtual", reason)
    assert probe("real") == accel.Accel("tcg", "real", f"the real clock was asked for; {reason}")


def test_a_host_is_probed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path, "exit 1")
    assert probe() == probe()
    assert (tmp_path / "starts").read_text() == "\n"


def test_without_a_device_nothing_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(monkeypatch, tmp_path, "exit 33")
    (tmp_path / "kvm").unlink()
    assert probe().reason == "KVM is not there: no /dev/kvm"
    assert not (tmp_path / "starts").exists()


def test_another_clock_is_refused() -> None:
    with pytest.raises(KtstrError, match=r"^clock 'wall': must be real, virtual or auto$"):
        probe("wall")
