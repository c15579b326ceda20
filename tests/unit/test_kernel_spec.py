"""The grammar of `--kernel` and of the declarations' filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktstr.base.errors import KtstrError
from ktstr.kernel.spec import (
    Auto,
    Exact,
    From,
    Git,
    Key,
    Latest,
    Local,
    Longterm,
    Mainline,
    Major,
    Range,
    Series,
    Spec,
    Version,
    accepts,
    check_filter,
    parse,
    parse_version,
)

NUMBER = st.integers(0, 9999)
SERIES = st.builds(Series, NUMBER, NUMBER)
VERSIONS = st.builds(
    Version, NUMBER, NUMBER, NUMBER, st.one_of(st.just(Version.FINAL), st.integers(1, Version.FINAL - 1))
)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("7.0.13", Exact(Version(7, 0, 13))),
        ("7.0.0", Exact(Version(7, 0, 0))),
        ("7.3-rc7", Exact(Version(7, 3, 0, 7))),
        ("7.0", Series(7, 0)),
        (" 7.0 ", Series(7, 0)),
        ("7", Major(7)),
        ("6.16..7.0", Range(Series(6, 16), Series(7, 0))),
        ("6.16..=7.0", Range(Series(6, 16), Series(7, 0))),
        ("latest", Latest()),
        ("auto", Auto()),
        ("7.0.13-debian-1a2b3c4d", Key("7.0.13-debian-1a2b3c4d")),
        ("7.3-rc7-debian-1a2b3c4d", Key("7.3-rc7-debian-1a2b3c4d")),
        ("6.12.107-built-1a2b3c4d", Key("6.12.107-built-1a2b3c4d")),
        ("longterm", Longterm()),
        ("mainline", Mainline()),
        ("debian:7.0", From("debian", Series(7, 0))),
        ("kernel.org:7.0.13", From("kernel.org", Exact(Version(7, 0, 13)))),
        ("source:6.16..7.0", From("source", Range(Series(6, 16), Series(7, 0)))),
        ("source:longterm", From("source", Longterm())),
        ("../linux", Local("../linux")),
        ("..", Local("..")),
        ("/usr/src/linux", Local("/usr/src/linux")),
        ("~/linux", Local("~/linux")),
        ("./linux#v7.0", Local("./linux", "v7.0")),
        ("../linux.git#sched_ext/for-next", Local("../linux.git", "sched_ext/for-next")),
        ("../7.0.13-debian-1a2b3c4d", Local("../7.0.13-debian-1a2b3c4d")),
        ("git+https://example.org/linux.git#v7.0", Git("https://example.org/linux.git", "v7.0")),
    ],
)
def test_accepted_forms(text: str, spec: object) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "7.", ".0", "7..", "7.0.", "7.0.1.2", "v7.0", "7.0-rc", "7.0rc1", "07777.0", "-7", "7,0"),
        *(
            "6.16..",
            "..7.0",
            "6.16...7.0",
            "6.16..=",
            "6.16.1..7.0",
            "6.16..7",
            "6.16..=7.0..=7.1",
            "6.16..==7.0",
        ),
        *("7.0.13-debian", "7.0.13-debian-1A2B3C4D", "7.0\n7.1", "٧.٠"),  # noqa: RUF001
        *(
            "Longterm",
            "debian:",
            "debian:auto",
            "debian:../linux",
            "suse:7.0",
            "kernel.org:7.0.13-debian-1a2b3c4d",
        ),
        *(
            "linux",
            "linux/src",
            "../linux#",
            "../linux#-x",
            "../li\nnux",
            "..linux",
            "bzImage",
            "#v7.0",
            "7.0#v7.0",
        ),
        *(
            "git+https://example.org/linux.git",
            "git+ext::sh#x",
            "https://example.org/linux.git#v7.0",
            "git+../x#v",
        ),
    ],
)
def test_anything_else_is_one_line_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(KtstrError, match=r"^kernel '.*': accepted are .*7\.0 .*latest, longterm") as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_a_reversed_range_is_refused_with_the_right_order() -> None:
    with pytest.raises(KtstrError, match=r"7\.0 comes after 6\.16; write 6\.16\.\.=7\.0"):
        parse("7.0..6.16")


def understood(text: str) -> Spec | str:
    """The spec, or the error's message."""
    try:
        return parse(text)
    except KtstrError as error:
        return str(error)


@given(st.one_of(st.text(), st.text("0123456789.-=rc", max_size=12)))
def test_any_text_is_understood_or_refused(text: str) -> None:
    meaning = understood(text)
    if isinstance(meaning, str):
        assert "\n" not in meaning
    else:
        assert parse(str(meaning)) == meaning


@given(st.one_of(st.builds(Exact, VERSIONS), SERIES, st.builds(Major, NUMBER)))
def test_a_spec_is_what_its_text_says(spec: Exact | Series | Major) -> None:
    assert parse(str(spec)) == spec


PATHS = st.from_regex(r"(/|\.{1,2}/|~)[a-z0-9 ._/:=-]{0,20}[a-z]", fullmatch=True)
REFS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_./+^~@{}-]{0,20}", fullmatch=True)
URLS = st.from_regex(r"(https?|git|ssh|file)://[a-z0-9.:/@_-]{1,20}", fullmatch=True)
PUBLISHED = st.one_of(
    st.builds(Exact, VERSIONS),
    SERIES,
    st.builds(Major, NUMBER),
    st.sampled_from([Latest(), Longterm(), Mainline()]),
    st.tuples(SERIES, SERIES).map(lambda both: Range(*sorted(both))),
)


@given(
    st.one_of(
        PUBLISHED,
        st.builds(From, st.sampled_from(["debian", "kernel.org", "source"]), PUBLISHED),
        st.builds(Local, PATHS, st.none() | REFS),
        st.builds(Git, URLS, REFS),
    )
)
def test_every_form_is_what_its_text_says(spec: Spec) -> None:
    assert parse(str(spec)) == spec
    assert parse(f" {spec} ") == spec


@given(st.lists(VERSIONS, min_size=2, max_size=6))
def test_a_candidate_comes_before_its_release_and_that_before_the_next(versions: list[Version]) -> None:
    for version in versions:
        candidate = Version(version.major, version.minor, version.patch, 1)
        final = Version(version.major, version.minor, version.patch)
        assert candidate < final < Version(version.major, version.minor, version.patch + 1)
        assert final < Version(version.major, version.minor + 1, 0, 1) < Version(version.major + 1, 0, 0, 1)


@given(st.lists(VERSIONS, min_size=2, max_size=6))
def test_a_text_orders_as_its_version_does(versions: list[Version]) -> None:
    assert [parse_version(str(version)) for version in sorted(versions)] == sorted(versions)


@given(SERIES, SERIES)
def test_a_range_is_what_its_text_says(one: Series, other: Series) -> None:
    first, last = sorted((one, other))
    assert parse(f"{first}..{last}") == parse(f"{first}..={last}") == Range(first, last)


@given(VERSIONS)
def test_a_version_is_what_its_text_says(version: Version) -> None:
    assert parse_version(str(version)) == version


def test_versions_order_as_they_were_released() -> None:
    texts = [
        "6.9.1",
        "6.18",
        "6.18.2",
        "6.18.10",
        "7.0-rc1",
        "7.0-rc2",
        "7.0-rc10",
        "7.0",
        "7.0.1",
        "7.1-rc1",
    ]
    versions = [parse_version(text) for text in texts]
    assert sorted(versions) == versions
    assert [str(version) for version in versions] == texts


@pytest.mark.parametrize(
    ("filters", "version", "accepted"),
    [
        ((), "7.0.13", True),
        (("6.14",), "6.14", True),
        (("6.14",), "6.14.11", True),
        (("6.14",), "6.14-rc3", True),
        (("6.14",), "6.15", False),
        (("6.1",), "6.14", False),
        (("6.15..=7.0",), "6.14.11", False),
        (("6.15..=7.0",), "6.15", True),
        (("6.15..=7.0",), "6.19.3", True),
        (("6.15..=7.0",), "7.0.13", True),
        (("6.15..=7.0",), "7.1", False),
        (("6.14", "6.15..=7.0"), "7.0.13", True),
        (("6.14.3",), "6.14.3", True),
        (("6.14.3",), "6.14.4", False),
        (("7",), "7.3.4", True),
    ],
)
def test_filters(filters: tuple[str, ...], version: str, accepted: bool) -> None:
    for text in filters:
        check_filter(text)
    assert accepts(filters, version) is accepted


@pytest.mark.parametrize(
    "text",
    ["latest", "longterm", "debian:7.0", "../linux", "auto", "7.0.13-debian-1a2b3c4d", "6.x", ">=6.14", ""],
)
def test_a_filter_names_versions_only(text: str) -> None:
    with pytest.raises(KtstrError, match=r"kernels filter .*: accepted are 6\.14"):
        check_filter(text)
