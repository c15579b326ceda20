"""Numbers in a payload's output: by path and by pattern, and from output that is nothing of the kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ktstr import KtstrError, Metric, Payload
from ktstr.events import patterns
from ktstr.events.metrics import MetricValue, read_metrics
from ktstr.events.payload import PayloadRun
from ktstr.events.phase import Phase
from ktstr.scenario.metric import json_steps


def values(payload: Payload, stdout: str = "", stderr: str = "", phase: str = "") -> tuple[MetricValue, ...]:
    """The metrics of a payload that printed this."""
    run = PayloadRun(payload.name, "", 0, 0, ended_ns=1, status=0, how="exited", stdout=stdout, stderr=stderr)
    return read_metrics([Phase(phase, 0, 1, 1, (), (), payloads=(run,))], {payload.name: payload})


def value(text: str, **metric: Any) -> MetricValue:
    """One metric in a text."""
    (found,) = values(Payload("p", binary="p", metrics=(Metric("m", **metric),)), text)
    return found


def test_a_path_goes_through_names_and_indices() -> None:
    document = json.dumps({"jobs": [{"a.b": {"mean": 1.5}}, {"a.b": {"mean": 4}}], "n": "17"})
    assert value(document, json='jobs[0]["a.b"].mean').value == 1.5
    assert value(document, json="n").value == 17
    assert value(document, json='jobs[*]["a.b"].*', take="max").value == 4
    assert value("[3, 4]", json="[1]").value == 4


@pytest.mark.parametrize(
    ("take", "taken"), [("first", 3), ("last", 2), ("min", 1), ("max", 3), ("mean", 2), ("sum", 6)]
)
def test_of_several_values_one_is_taken_or_made(take: Any, taken: float) -> None:
    assert value("[3, 1, 2]", json="[*]", take=take).value == taken
    assert value("v 3\nv 1\nother\nv 2\n", pattern=r"^v (?P<value>\d+)", take=take).value == taken


def test_json_may_follow_other_lines() -> None:
    assert value('starting up\nworking [50%]\n{"rate": 7}\ndone\n', json="rate").value == 7


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("", "a", "stdout has no JSON"),
        ("nothing of the kind", "a", "stdout has no JSON"),
        ('{"a": 1', "a", "stdout is not JSON: \"Expecting ',' delimiter: line 1 column 8 (char 7)\""),
        ("{" * 3, "a", "stdout is not JSON: "),
        ("[" * 200_000, "a", "stdout is not JSON: "),
        ('{"a": ' * 300 + "1" + "}" * 300, "a.b", "json a.b: 'b' is not in "),
        ('{"b": 1}', "a", "json a: 'a' is not in {'b': 1}"),
        ("[1]", "[3]", "json [3]: 3 is not in [1]"),
        ("[1]", "a", "json a: 'a' is not in [1]"),
        ('{"a": 3}', "a.*", "json a.*: * is for a list or an object, and there is 3"),
        ('{"a": []}', "a[*]", "json a[*]: is empty in stdout"),
        ('{"a": null}', "a", "None is no number"),
        ('{"a": true}', "a", "True is no number"),
        ('{"a": "fast"}', "a", "'fast' is no number"),
        ('{"a": "\\u001b[31m1"}', "a", "'\\x1b[31m1' is no number"),
        ('{"a": NaN}', "a", "nan is no number"),
        ('{"a": 1e999}', "a", "inf is no number"),
        ('{"a": ' + "9" * 400 + "}", "a", "9" * 97 + "... is no number"),
        ('{"a": ' + "9" * 5000 + "}", "a", "stdout is not JSON: 'Exceeds the limit "),
        (json.dumps([[0] * 1000] * 200), "*.*", "json *.*: leads to more than 100000 elements"),
        ("\0\033[31m{}", "a", "stdout has no JSON"),
    ],
)
def test_output_that_has_no_such_number_says_why(text: str, path: str, why: str) -> None:
    found = value(text, json=path)
    assert found.value is None
    assert found.why.startswith(why), found.why
    assert found.why.isprintable()


def test_a_sum_beyond_all_numbers_is_none() -> None:
    assert value("[1e308, 1e308]", json="*", take="sum").why == (
        "the sum of its 2 values is no finite number"
    )


def test_a_pattern_that_matches_nothing_or_no_number_says_so() -> None:
    assert value("a\nb\n", pattern="^c(?P<value>.*)").why == ("no line of stdout matches '^c(?P<value>.*)'")
    assert value("c4\ncx\n", pattern="^c(?P<value>.*)").why == "'x' is no number"
    assert value("c\n", pattern="^c(?P<value>x)?").why == "'' is no number"


def test_a_pattern_that_would_take_forever_is_given_up_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metrics = (
        Metric("before", pattern=r"^(?P<value>\d+)$"),
        Metric("bad", pattern=r"^(?P<value>(a+)+)$"),
        Metric("after", pattern=r"^(?P<value>\d+)$"),
    )
    found = values(Payload("p", binary="p", metrics=metrics), "7\n" + "a" * 60 + "!\n")
    assert [one.value for one in found] == [7, None, 7]
    assert found[1].why == "pattern '^(?P<value>(a+)+)$' takes too long on stdout"


def test_lines_and_matches_are_bounded() -> None:
    long = "x" * patterns.LONGEST_LINE
    assert patterns.find_all([(r"(?P<value>\d)", f"{long}1\n2\n")]) == [["2"]]
    many = "1\n" * (patterns.MOST_VALUES + 5)
    (found,) = patterns.find_all([(r"(?P<value>\d)", many)])
    assert found == ["1"] * patterns.MOST_VALUES


def test_a_stream_is_looked_at_or_both() -> None:
    def metric(stream: Any) -> Payload:
        return Payload(
            "p", binary="p", metrics=(Metric("m", pattern=r"(?P<value>\d)", stream=stream, take="sum"),)
        )

    assert [values(metric(one), "1\n", "2\n")[0].value for one in ("stdout", "stderr", "both")] == [1, 2, 3]


def test_a_payload_that_still_runs_has_no_numbers_yet() -> None:
    payload = Payload("p", binary="p", metrics=(Metric("m", json="a"),))
    runs = (PayloadRun("p", "", 0, 0), PayloadRun("unknown", "", 0, 0, how="exited", ended_ns=1, status=0))
    assert read_metrics([Phase("", 0, 1, 1, (), (), payloads=runs)], {"p": payload}) == ()


def test_a_value_in_words() -> None:
    assert str(value("[1.5]", json="*", unit="ms")) == "p m: 1.5 ms"
    assert str(value("[]", json="*")) == "p m: json *: is empty in stdout"


# Paths and declarations


def test_the_steps_of_a_path() -> None:
    assert json_steps('a.b[0]["c.d"].*[*]') == ("a", "b", 0, "c.d", None, None)
    for bad in ("", ".", "a..b", "a.", "a[", "a[x]", "a[-1]", "[0]b", 'a["b]', "a" * 1001):
        with pytest.raises(KtstrError, match=r"^metric m: (json=|must have one of)"):
            Metric("m", json=bad)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "metric m: must have one of pattern= and json="),
        ({"json": "a", "pattern": "(?P<value>x)"}, "metric m: must have one of pattern= and json="),
        (
            {"pattern": "(?P<value>x"},
            "metric m: pattern='(?P<value>x': missing ), unterminated subpattern ...",
        ),
        (
            {"pattern": "Time: (.*)"},
            "metric m: pattern='Time: (.*)': must have a group (?P<value>...) around ...",
        ),
        ({"pattern": "(?P<value>x)" * 100}, "metric m: pattern: 1200 characters: must be at most 1000"),
        ({"json": 7}, "metric m: json=7: must be a string"),
        ({"json": "a", "unit": "\n"}, "metric m: unit='\\n': must be at most 32 printable ASCII characters"),
        ({"json": "a", "better": "more"}, "metric m: better='more': must be one of lower, higher, ''"),
        ({"json": "a", "stream": "out"}, "metric m: stream='out': must be one of stdout, stderr, both"),
        (
            {"json": "a", "take": "p99"},
            "metric m: take='p99': must be one of first, last, min, max, mean, sum",
        ),
        ({"json": "a", "least": "1"}, "metric m: least='1': must be a number, or None"),
        ({"json": "a", "most": float("nan")}, "metric m: most=nan: must be a number, or None"),
        ({"json": "a", "least": 2, "most": 1}, "metric m: least=2: must be at most most=1"),
        ({"json": "a", "required": 1}, "metric m: required=1: must be True or False"),
        ({"name": "9", "json": "a"}, "metric '9': name: must be 1 to 64 letters, ..."),
    ],
)
def test_a_mistake_in_a_metric_is_told_in_one_line(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(KtstrError) as error:
        Metric(**{"name": "m", **fields})
    text = str(error.value)
    assert text == said if not said.endswith("...") else text.startswith(said.removesuffix("..."))
    assert "\n" not in text
