"""The `coverage` session's report: rooms summed up, low modules listed, limits kept."""

from __future__ import annotations

from rooms_covered import Covered, modules, rooms, table, too_low

# As `coverage json` writes it, without the fields that nobody reads.
REPORT = {
    "files": {
        name: {"summary": {"covered_lines": ran, "num_statements": lines}}
        for name, ran, lines in (
            ("ktstr/run/context.py", 8, 10),
            ("ktstr/run/__init__.py", 0, 0),
            ("ktstr/vm/job.py", 10, 10),
            ("ktstr/vm/qemu/command.py", 20, 30),
            ("ktstr/__init__.py", 2, 2),
        )
    }
}
FOUND = modules(REPORT)
ROOMS = rooms(FOUND)


def test_a_room_sums_up_its_modules_and_the_package_all_rooms() -> None:
    assert rooms(FOUND) == [
        Covered("ktstr/run", 8, 10),
        Covered("ktstr/vm", 30, 40),
        Covered("ktstr", 40, 52),
    ]


def test_a_module_without_statements_is_covered() -> None:
    assert Covered("ktstr/run/__init__.py", 0, 0).percent == 100


def test_low_modules_are_listed_below_their_room() -> None:
    assert table(FOUND, ROOMS, 90).splitlines() == [
        "ktstr/run                                         80.0 %      8 of 10",
        "  ktstr/run/context.py                            80.0 %      8 of 10",
        "ktstr/vm                                          75.0 %     30 of 40",
        "  ktstr/vm/qemu/command.py                        66.7 %     20 of 30",
        "ktstr                                             76.9 %     40 of 52",
    ]


def test_a_limit_that_is_not_reached_is_reported_in_a_line() -> None:
    assert too_low(ROOMS, {"ktstr": 76.0, "ktstr/run": 90.0, "ktstr/away": 1.0}) == [
        "coverage of ktstr/run: 80.0 %, at least 90 % are wanted",
        "coverage of ktstr/away: 0.0 %, at least 1 % are wanted",
    ]
    assert too_low(ROOMS, {"ktstr": 76.0}) == []
