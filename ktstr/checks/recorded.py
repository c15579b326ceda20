"""`report.monitor`: what the monitor sampled in a run, by the names of the quantities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from ktstr.base.errors import KtstrError
from ktstr.base.nearest import near
from ktstr.base.values import shown
from ktstr.checks.series import Sample, Series, SeriesGroup
from ktstr.events.monitor import Samples
from ktstr.events.report import GuestReport

__all__ = ["Recorded", "recorded"]


@dataclass(frozen=True)
class Recorded:
    """The series that the monitor recorded: `report.monitor["cpu0.runnable"]`. docs/monitor.md has their names."""

    samples: Samples
    """All of it, as the sidecar has it."""
    began_ns: Mapping[str, int]
    """When the hold of each phase began, in guest ns since boot."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the series."""
        return tuple(self.samples.series)

    def __getitem__(self, name: str) -> Series:
        """The series of that name; KtstrError if there is none."""
        if name not in self._series:
            raise KtstrError(
                f"report.monitor[{shown(name)}]: there is no such series{near(name, self.names) or _some(self.names)}"
            )
        return self._series[name]

    def matching(self, pattern: str) -> SeriesGroup:
        """The series whose names fit a pattern of the shell's kind, such as `cpu*.runnable`; KtstrError if none."""
        found = tuple(self._series[name] for name in self.names if fnmatchcase(name, pattern))
        if not found:
            raise KtstrError(f"report.monitor.matching({shown(pattern)}): no series fits{_some(self.names)}")
        return SeriesGroup(found)

    @cached_property
    def _series(self) -> Mapping[str, Series]:
        samples = self.samples
        return {
            name: Series(
                name,
                tuple(
                    Sample(at_ns, at_ns - self.began_ns.get(phase, at_ns), value, phase)
                    for at_ns, phase, value in zip(samples.at_ns, samples.phases, values, strict=True)
                    if value is not None
                ),
                phases=tuple(self.began_ns),
            )
            for name, values in samples.series.items()
        }


def recorded(report: GuestReport) -> Recorded | None:
    """What the monitor sampled; None if the run had none."""
    if report.monitor is None:
        return None
    return Recorded(report.monitor, {phase.name: phase.began_ns for phase in report.phases})


def _some(names: tuple[str, ...]) -> str:
    shown_ = ", ".join(names[:8])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"; there are {shown_}{more}" if names else "; nothing was sampled"
