"""Which interleaving a guest's CPUs take: where one of them stands still in its scheduler's code, and for how long.

A run counts each entry of a block of the scheduler's BPF code, all CPUs together, from 1 on. A CPU that stands still at
one of them executes nothing for a while of the guest's time; the others go on, as beside a CPU whose hypervisor runs
something else.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ktstr.base.errors import KtstrError
from ktstr.base.values import shown

__all__ = ["Draws", "Interleaving", "SwitchPoint"]

_MOST = 2**63


@dataclass(frozen=True, order=True, slots=True)
class SwitchPoint:
    """At an entry of a block a CPU stands still for `ns` guest ns, once it has executed `skip` instructions more.

    It is number `entry`, from 1 on, of the entries of the block with the hash `block` (ktstr/instrument/explored.py);
    of all entries if `block` is 0. Which CPU that is follows from the run. The block, up to where the emulator may
    change CPUs, is executed before; during the `skip` instructions the other CPUs wait.
    """

    block: int
    entry: int
    skip: int
    ns: int


@dataclass(frozen=True)
class Draws:
    """What switch points are drawn from, by a generator that `seed` begins, at each entry of a block from `start` on.

    The chance is `rate` millionths; with `by_rarity` it is divided by how often the block was entered of late, so that
    each block gets about as many switch points however rarely it runs. A point's length is between `shortest_ns` and
    `longest_ns`, each doubling as likely as any other; `most_skip` bounds its skip, which is 0 every other time. There
    are `most` points at most. `of_cpus` names the CPUs up to 63 that may stand still; empty: all.
    """

    seed: int
    rate: int
    by_rarity: bool
    shortest_ns: int
    longest_ns: int
    most_skip: int
    most: int
    start: int = 0
    of_cpus: tuple[int, ...] = ()


@dataclass(frozen=True)
class Interleaving:
    """The switch points of a run: `points`, in any order, and those that are drawn from `draws`, if any."""

    points: tuple[SwitchPoint, ...] = ()
    draws: Draws | None = None

    def __post_init__(self) -> None:
        """Raise KtstrError for what no plugin could read."""
        if len({(point.block, point.entry) for point in self.points}) < len(self.points):
            raise KtstrError("interleaving: points: each must have another entry of a block")
        draws = self.draws
        if draws and not 0 < draws.shortest_ns <= draws.longest_ns:
            lengths = f"{draws.shortest_ns} to {draws.longest_ns}"
            raise KtstrError(f"interleaving: a length of {lengths} ns: must be from 1 on, the shortest first")
        if draws and any(not 0 <= cpu < 64 for cpu in draws.of_cpus):
            raise KtstrError(f"interleaving: of_cpus={shown(draws.of_cpus)}: must be from 0 to 63")
        if any(not 0 <= number < _MOST for number in _numbers(self)):
            raise KtstrError("interleaving: a number is out of range: must be from 0 on, below 2**63")

    def __str__(self) -> str:
        """The text that the plugin reads (c/choice.c), a line each; `parse` reads it as well."""
        lines = [f"point {point.block:x} {point.entry} {point.skip} {point.ns}" for point in self.points]
        if self.draws:
            lines.append("draw " + " ".join(map(str, _draw_numbers(self.draws))))
        return "".join(f"{line}\n" for line in lines)

    @staticmethod
    def parse(text: str) -> Interleaving:
        """What `str` gave; KtstrError for anything else."""
        points: list[SwitchPoint] = []
        draws: Draws | None = None
        for line in text.splitlines():
            word, *numbers = line.split() or [""]
            try:
                values = [
                    int(number, 16 if word == "point" and not at else 10) for at, number in enumerate(numbers)
                ]
            except ValueError:
                raise _not_one(line) from None
            if draws:
                raise _not_one(line)
            if word == "point" and len(values) == len(fields(SwitchPoint)):
                points.append(SwitchPoint(*values))
            elif word == "draw" and len(values) == len(fields(Draws)) and values[3] in (0, 1):
                seed, start, rate, by_rarity, shortest_ns, longest_ns, most_skip, most, mask = values
                cpus = tuple(cpu for cpu in range(64) if mask >> cpu & 1)
                draws = Draws(
                    seed, rate, bool(by_rarity), shortest_ns, longest_ns, most_skip, most, start, cpus
                )
            else:
                raise _not_one(line)
        return Interleaving(tuple(points), draws)


def _draw_numbers(draws: Draws) -> tuple[int, ...]:
    """In the plugin's order."""
    mask = sum(1 << cpu for cpu in draws.of_cpus)
    rarity = int(draws.by_rarity)
    lengths = draws.shortest_ns, draws.longest_ns
    return draws.seed, draws.start, draws.rate, rarity, *lengths, draws.most_skip, draws.most, mask


def _numbers(interleaving: Interleaving) -> list[int]:
    numbers = [number for point in interleaving.points for number in (point.entry, point.skip, point.ns)]
    numbers += [point.block // 2 for point in interleaving.points]  # of 64 bits
    draws = interleaving.draws
    return [*numbers, *(_draw_numbers(draws)[:-1] if draws else ())]


def _not_one(line: str) -> KtstrError:
    return KtstrError(f"interleaving: {shown(line)}: must be 'point' or, at the end, 'draw', and numbers")
