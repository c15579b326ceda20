"""Who ran where as a picture: a row for each CPU, and a colour for each task. Static SVG, without a style sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from markupsafe import Markup

from ktstr.instrument.moments import Task
from ktstr.instrument.stints import Stint

__all__ = ["who_ran_svg"]

_WIDTH, _LEFT, _ROW, _GAP, _TOP = 1200, 70, 18, 4, 24
# Colours that people with any sight tell apart (Okabe and Ito's), and lighter ones of them.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#7f7f7f")
_OTHERS, _IDLE = "#bbbbbb", "#f4f4f4"


def who_ran_svg(
    stints: Sequence[Stint], from_ns: int, until_ns: int, marks: Iterable[tuple[int, str]] = ()
) -> str:
    """The picture of the time from `from_ns` until `until_ns`, in guest ns since boot.

    A column is as wide as a pixel and shows who ran for longest in its time. `marks` are times with what happened then,
    as vertical lines.
    """
    span_ns = max(1, until_ns - from_ns)
    cpus = sorted({one.cpu for one in stints})
    colours = _colours(stints, from_ns, until_ns)
    rows = []
    for number, cpu in enumerate(cpus):
        top = _TOP + number * (_ROW + _GAP)
        rows.append(Markup('<text x="4" y="{}">CPU {}</text>').format(top + _ROW - 5, cpu))
        columns = _columns([one for one in stints if one.cpu == cpu], from_ns, span_ns)
        at = _LEFT
        for task, some in groupby(columns):
            wide = len(list(some))
            if task is not None and task.pid:
                rows.append(
                    Markup(
                        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"><title>{}</title></rect>'
                    ).format(at, top, wide, _ROW, colours.get(task, _OTHERS), _name(task))
                )
            at += wide
    high = _TOP + len(cpus) * (_ROW + _GAP)
    lines = [
        Markup(
            '<path d="M{x:.0f} {top}V{high}" stroke="#000" stroke-dasharray="3 2"><title>{}</title></path>'
        ).format(what, x=_LEFT + (_WIDTH * (ns - from_ns)) / span_ns, top=_TOP - 4, high=high)
        for ns, what in marks
        if from_ns <= ns <= until_ns
    ]
    legend = _legend(colours, high + 8)
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" '
            'font-family="sans-serif" font-size="12">'
            '<rect width="100%" height="100%" fill="#fff"/>'
            '<rect x="{left}" y="{top}" width="{wide}" height="{all}" fill="{idle}"/>'
            '<text x="{left}" y="14">{began:.6f} s</text>'
            '<text x="{right}" y="14" text-anchor="end">{ended:.6f} s</text>{body}</svg>\n'
        ).format(
            w=_LEFT + _WIDTH + 10,
            h=high + 8 + 20 * -(-(len(colours) + 1) // 5),
            left=_LEFT,
            top=_TOP,
            wide=_WIDTH,
            all=max(0, high - _TOP - _GAP),
            idle=_IDLE,
            began=from_ns / 1e9,
            ended=until_ns / 1e9,
            right=_LEFT + _WIDTH,
            body=Markup("").join([*rows, *lines, *legend]),
        )
    )


def _colours(stints: Iterable[Stint], from_ns: int, until_ns: int) -> dict[Task, str]:
    """Those of the tasks that ran longest, which share the rest of the colours with none."""
    ran = Counter[Task]()
    for one in stints:
        if one.task.pid:
            ran[one.task] += max(0, min(one.end_ns, until_ns) - max(one.ns, from_ns))
    most = sorted((task for task in ran if ran[task]), key=lambda task: (-ran[task], task.pid, task.comm))
    return dict(zip(most, _COLOURS, strict=False))


def _columns(stints: Iterable[Stint], from_ns: int, span_ns: int) -> list[Task | None]:
    """Who had a CPU longest in each column; None: nobody is known to have had it."""
    shares: list[Counter[Task]] = [Counter() for _ in range(_WIDTH)]
    for one in stints:
        begin = max(0, (one.ns - from_ns) * _WIDTH)
        end = min(span_ns * _WIDTH, (one.end_ns - from_ns) * _WIDTH)
        column = begin // span_ns
        while begin < end:
            until = min(end, (column + 1) * span_ns)
            shares[column][one.task] += until - begin
            begin, column = until, column + 1
    return [max(share, key=lambda task: (share[task], -task.pid)) if share else None for share in shares]


def _legend(colours: dict[Task, str], top: int) -> list[Markup]:
    entries = [*((_name(task), colour) for task, colour in colours.items()), ("other tasks", _OTHERS)]
    return [
        Markup(
            '<rect x="{x}" y="{y}" width="12" height="12" fill="{c}"/><text x="{t}" y="{b}">{n}</text>'
        ).format(
            x=_LEFT + number % 5 * 240,
            y=top + number // 5 * 20,
            c=colour,
            t=_LEFT + number % 5 * 240 + 18,
            b=top + number // 5 * 20 + 11,
            n=name,
        )
        for number, (name, colour) in enumerate(entries)
    ]


def _name(task: Task) -> str:
    return f"{task.comm}[{task.pid}]"
