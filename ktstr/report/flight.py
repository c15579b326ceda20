"""The flight recorder in a failure's text: per CPU, newest last."""

from __future__ import annotations

from collections.abc import Sequence

from ktstr.events.flight import FAILED, FlightEvent

__all__ = ["flight_lines"]

# What a screen holds: more of the CPU that failed, some of each other one. The sidecar has all of them.
_OF_THE_FAILED, _OF_EACH, _CPUS = 16, 6, 8


def flight_lines(events: Sequence[FlightEvent]) -> list[str]:
    """The last events of each CPU, the one whose callback failed first; times in microseconds before the exit."""
    if not events:
        return []
    by_cpu: dict[int, list[FlightEvent]] = {}
    for event in events:
        by_cpu.setdefault(event.cpu, []).append(event)
    failed = next((event for event in events if event.kind == FAILED), None)
    end_ns = failed.at_ns if failed else max(event.at_ns for event in events)
    order = sorted(by_cpu, key=lambda cpu: (failed is None or cpu != failed.cpu, cpu))
    lines = [f"us before {'the exit' if failed else 'the recording ended'}, newest last"]
    for cpu in order[:_CPUS]:
        here = failed is not None and cpu == failed.cpu
        shown = by_cpu[cpu][-(_OF_THE_FAILED if here else _OF_EACH) :]
        lines.append(
            f"CPU {cpu}" + (f", where it failed while {_running(failed)} had the CPU" if here else "")
        )
        lines += [f"  {(end_ns - event.at_ns) // 1000:>9,}  {event.kind:8}  {event.what}" for event in shown]
    if (left := len(order) - _CPUS) > 0:
        lines.append(f"{left} more CPUs, and earlier events, are in the sidecar (guest.flight)")
    return lines


def _running(event: FlightEvent | None) -> str:
    if event is None or not event.pid:
        return "no task"
    return f"{event.task}[{event.pid}]"
