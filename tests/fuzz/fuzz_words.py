"""What a user or a project writes: kernel specs, versions, filters, topologies, lists of CPUs, settings, metrics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fuzz_target import Target

from ktstr.base.notation import parsed, written
from ktstr.base.topology import Topology, cpu_list, parse_cpu_list
from ktstr.declare.settings import KEYS, checked_text, merged, project_settings
from ktstr.kernel.archive.kernels import upstream_version
from ktstr.kernel.spec import accepts, check_filter, parse, parse_version
from ktstr.scenario.metric import Metric, json_steps

__all__ = ["WORDS"]


def _spec(text: str, _folder: Path) -> None:
    spec = parse(text)
    assert parse(str(spec)) == spec, text


def _version(text: str, _folder: Path) -> None:
    version = parse_version(text)
    assert parse_version(str(version)) == version, text


def _filter(text: str, _folder: Path) -> None:
    check_filter(text)
    accepts((text,), "7.0.13")


def _topology(text: str, _folder: Path) -> None:
    topology = Topology.parse(text)
    assert Topology.parse(str(topology)) == topology, text
    assert parsed(written(parsed(str(topology)))) == parsed(str(topology))
    assert 0 < topology.cpus <= 1024


def _cpus(text: str, _folder: Path) -> None:
    try:
        cpus = parse_cpu_list(text)
    except ValueError:  # as documented
        return
    assert parse_cpu_list(cpu_list(cpus)) == cpus, text


def _settings(text: str, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        merged(project_settings(folder))
    finally:
        (folder / "pyproject.toml").unlink()


def _setting(text: str, _folder: Path) -> None:
    key, _, value = text.partition("=")
    if key in KEYS:
        merged({key: checked_text(key, value, f"{key}: ")})


def _package_version(text: str, _folder: Path) -> None:
    upstream_version(text)


def _metric(text: str, _folder: Path) -> None:
    kind, _, value = text.partition(" ")
    if kind == "json":
        json_steps(value)
        Metric("m", json=value)
    else:
        Metric("m", pattern=value)


_READERS: dict[str, tuple[Callable[[str, Path], None], tuple[str, ...]]] = {
    "s": (
        _spec,
        (
            *(
                "7.0.13",
                "7.3-rc7",
                "7.0",
                "7",
                "6.16..7.0",
                "6.16..=7.0",
                "latest",
                "longterm",
                "mainline",
                "auto",
            ),
            *("7.0.13-debian-96513f02", "../linux", "../linux#v7.0", "~/linux", "/src/linux#a/b"),
            *("git+https://example.org/linux.git#v7.0", "debian:7.0", "source:7.1..7.3", "kernel.org:latest"),
        ),
    ),
    "v": (_version, ("7.0.13", "7.3", "7.3-rc7", "6.12.100")),
    "f": (_filter, ("6.14", "6.15..=7.0", "6.14.3", "7")),
    "t": (
        _topology,
        (
            *("1n2l4c1t", "2n4l4c1t-2p", "2n3l4.2_4c1t", "2n2l4.4_0c1t", "2n4l4c1t-512.128m"),
            *("2n4l4c1t-a.128m", "2n4l4c1t-10.31_31.10d", "2n4l4c2t-1.3p-64.64m-10.20_20.10d"),
        ),
    ),
    "c": (_cpus, ("0-3", "0,2-5,9", "", "8191", "0-7:2/4")),
    "p": (
        _settings,
        (
            '[tool.ktstr]\nkernels = ["7.0", "debian:7.3"]\ntopology = "1n2l4c1t"\nclock = "real"\nseed = 7\n',
            '[tool.ktstr]\nperturb = "on"\npresets = ["tiny-1llc"]\ngauntlet = true\n[tool.other]\nx = 1.5\n',
            "[tool.ktstr]\nseed = 1979-05-27T07:32:00Z\nkernels = [[1], {a = 2}]\n",
        ),
    ),
    "o": (
        _setting,
        ("seed=7", "clock=virtual", "kernels=7.0", "topology=1n2l4c1t", "gauntlet=true", "presets=x"),
    ),
    "d": (_package_version, ("7.0.13-1~bpo13+1", "7.3~rc7-1~exp1", "1:6.12-3")),
    "m": (_metric, ("json jobs[0].lat.mean", 'json a["b c"].*[*]', "re lat=(?P<value>[0-9.]+)")),
}


def _run(data: bytes, folder: Path) -> None:
    """The first letter chooses the reader."""
    text = data.decode("utf-8", "surrogateescape")
    if text[:1] in _READERS:
        _READERS[text[0]][0](text[1:], folder)


def _seeds() -> list[bytes]:
    return [f"{letter}{text}".encode() for letter, (_, texts) in _READERS.items() for text in texts]


WORDS = Target("words", _seeds, _run)
"""Notations that users write."""
