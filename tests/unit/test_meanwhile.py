"""What other CPUs did while one stood still: by the line, and what both use, from the code."""

import struct

from ktstr.instrument.explored import Block, Explored, Stop, Visits
from ktstr.instrument.interleaving import SwitchPoint
from ktstr.instrument.jumps_x86_64 import conditional_jumps, loaded_addresses
from ktstr.instrument.meanwhile import Meanwhile, Ran, Touched, meanwhile_of
from ktstr.instrument.parts import Owner
from ktstr.instrument.programs import STRUCT_OPS, Function, Place
from ktstr.instrument.stood import Stood
from ktstr.report.stops import stop_lines

COUNTER, OTHER = 0xFFFF_C900_0000_1000, 0xFFFF_C900_0000_2000
POINT = SwitchPoint(0xABC, 7, 0, 41_000)


def load(address: int) -> bytes:
    """`movabs $address, %rdi`."""
    return b"\x48\xbf" + struct.pack("<Q", address)


def function(number: int, name: str, start: int, lines: list[tuple[int, bytes]]) -> Function:
    """A function with code for each of these lines."""
    code, places = b"", []
    for line, some in lines:
        places.append(Place(start + len(code), "./mine.bpf.c", line, 1))
        code += some
    owner = Owner(number, True, 1, 1, 1, start, start + len(code), name)
    return Function(owner, name, 0, STRUCT_OPS, code, tuple(places))


# 118 looks at the counter; 119 jumps; 120 comes after the stop. In the other one 87 counts, 90 is another block.
DISPATCH = function(0, "mine_dispatch", 0x1000, [(118, load(COUNTER)), (119, b"\x75\x00"), (120, b"\xc3")])
ENQUEUE = function(
    1,
    "mine_enqueue",
    0x2000,
    [(86, load(OTHER)), (87, load(COUNTER)), (88, b"\x75\x00"), (90, load(COUNTER))],
)
AFTER_LOOK, SECOND = 0x100C, 0x2016


def explored(*visits: Visits, address: int = AFTER_LOOK) -> Explored:
    stop = Stop(POINT, 3, 2, 812_000_000, address, 0)
    blocks = tuple(Block(at, 1, owner, at) for at, owner in ((0x1000, 0), (0x2000, 1), (SECOND, 1)))
    return Explored((stop,), blocks, frozenset(), (), {}, visits)


def test_the_addresses_that_code_loads() -> None:
    code = b"\x55" + load(COUNTER) + b"\x75\x02" + b"\x49\xb8" + struct.pack("<Q", 5) + b"\xb8\1\0\0\0"
    assert list(loaded_addresses(code)) == [(1, COUNTER), (13, 5)]
    assert list(conditional_jumps(code)) == [11]


def test_who_ran_what_and_what_both_use() -> None:
    report = explored(Visits(3, 0x2000, 4, 1, 0))
    assert meanwhile_of(report, [DISPATCH, ENQUEUE]) == {
        3: Meanwhile(
            (Ran(0, "mine_enqueue", "./mine.bpf.c", (86,)),),
            (Touched(0, "./mine.bpf.c", 118, "mine_enqueue", "./mine.bpf.c", 87),),
        )
    }


def test_only_blocks_that_were_entered_count() -> None:
    happened = meanwhile_of(
        explored(Visits(3, SECOND, 1, 1, 3)), [DISPATCH, ENQUEUE], lambda file: "mine.bpf.c"
    )
    assert happened[3].ran == (Ran(3, "mine_enqueue", "mine.bpf.c", (90,)),)
    assert [one.line for one in happened[3].touched] == [90]


def test_visits_in_other_stops_and_in_code_without_lines_are_left_out() -> None:
    assert (
        meanwhile_of(explored(Visits(2, 0x2000, 4, 1, 0), Visits(3, 0x3000, 1, 9, 0)), [DISPATCH, ENQUEUE])
        == {}
    )


def test_the_use_before_the_stop_is_named_and_else_the_first_after_it() -> None:
    twice = function(0, "mine_dispatch", 0x1000, [(1, load(COUNTER)), (2, load(COUNTER)), (3, load(COUNTER))])
    for address, line in ((0x1000, 1), (0x1013, 2), (0x2000, 3), (0x900, 1)):
        happened = meanwhile_of(explored(Visits(3, 0x2000, 4, 1, 0), address=address), [twice, ENQUEUE])
        assert [one.own_line for one in happened[3].touched] == [line]


def test_what_a_failure_says_of_a_stop() -> None:
    ran = tuple(
        Ran(cpu, f"mine_{name}", "mine.bpf.c", (80, 87))
        for cpu, name in ((0, "enqueue"), (0, "tick"), (1, "exit"), (3, "enqueue"), (3, "tick"))
    )
    touched = tuple(Touched(cpu, "mine.bpf.c", 118, "mine_enqueue", "mine.bpf.c", 87) for cpu in (0, 3))
    stood = Stood(POINT, 2, 812_000_000, "mine_dispatch", "mine.bpf.c", 120, Meanwhile(ran, touched))
    assert "\n".join(stop_lines([stood], 9, "")) == (
        "it takes 1 of 9:\n"
        "  at   812.000 ms  CPU   2 stood still for 41.0 us at mine.bpf.c:120 (mine_dispatch)\n"
        "      meanwhile CPU 0,3 ran mine_enqueue (mine.bpf.c:80, 87), mine_tick (mine.bpf.c:80, 87)\n"
        "      meanwhile CPU 1 ran mine_exit (mine.bpf.c:80, 87)\n"
        "      both use the same global or map: it at mine.bpf.c:118, CPU 0,3 at mine.bpf.c:87 (mine_enqueue)"
    )


def test_a_long_stop_has_only_some_of_what_it_had_beside_it() -> None:
    ran = tuple(Ran(0, f"mine_{name}", "mine.bpf.c", tuple(range(10))) for name in "abcdef")
    stood = Stood(POINT, 2, 1, "mine_dispatch", "mine.bpf.c", 120, Meanwhile(ran))
    (line,) = [one for one in stop_lines([stood], 9, "")[1].splitlines() if "meanwhile" in one]
    assert line.endswith("mine_d (mine.bpf.c:0, 1, 2, 3, 4, 5 and 4 more) and 2 more")
