from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_case import KERNEL, VERSIONS, a_case

from ktstr.report.junit import junit_xml

# The structure that the junit-10.xsd of Jenkins' xunit plugin allows: for each element its required and its
# other attributes, the elements it may hold, and whether it may hold text. Order within an element is free.
RESULT = ({"skipped", "error", "failure"}, {"rerunFailure", "rerunError", "flakyFailure", "flakyError"})
OUTPUT = {"system-out", "system-err"}
RERUN: tuple[set[str], set[str], set[str], bool] = ({"type"}, {"message"}, {"stackTrace", *OUTPUT}, True)
RULES: dict[str, tuple[set[str], set[str], set[str], bool]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}, False),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", *OUTPUT},
        False,
    ),
    "properties": (set(), set(), {"property"}, False),
    "property": ({"name", "value"}, set(), set(), False),
    "testcase": ({"name"}, {"time", "classname", "group"}, {*RESULT[0], *RESULT[1], *OUTPUT}, False),
    **{name: (set(), {"type", "message"}, set(), True) for name in RESULT[0]},
    **dict.fromkeys(RESULT[1], RERUN),
    **{name: (set(), set(), set(), True) for name in (*OUTPUT, "stackTrace")},
}
# Decimals. (The schema takes thousands separated by commas as well; these rules do not.)
SUITE_TIME = re.compile(r"[0-9]*(\.[0-9]*)?")


def offences(document: bytes) -> list[str]:
    """What the schema does not allow in a document."""
    root = ElementTree.fromstring(document)
    found = [] if root.tag in ("testsuites", "testsuite") else [f"root {root.tag}"]
    for element in root.iter():
        if element.tag not in RULES:
            found.append(f"element {element.tag}")
            continue
        required, optional, children, text = RULES[element.tag]
        found += [f"{element.tag} without {name}" for name in sorted(required - set(element.attrib))]
        found += [f"{element.tag} with {name}" for name in sorted(set(element.attrib) - required - optional)]
        found += [f"{child.tag} in {element.tag}" for child in element if child.tag not in children]
        between = [element.text, *(child.tail for child in element)]
        if not text and any(part and part.strip() for part in between):
            found.append(f"text in {element.tag}")
        if element.tag in ("testsuites", "testsuite") and not SUITE_TIME.fullmatch(element.get("time", "")):
            found.append(f"{element.tag} time {element.get('time')}")
    return found


SUITE = '<testsuites><testsuite name="a" tests="1" failures="0" errors="0">{}</testsuite></testsuites>'


@pytest.mark.parametrize(
    ("document", "offence"),
    [
        ("<tests/>", "root tests"),
        ('<testsuite name="a" tests="1" failures="0"/>', "testsuite without errors"),
        ('<testsuites disabled="0"/>', "testsuites with disabled"),
        ('<testsuites time="1e-05"/>', "testsuites time 1e-05"),
        ("<testsuites><testcase name='a'/></testsuites>", "testcase in testsuites"),
        (SUITE.format("<testcase/>"), "testcase without name"),
        (SUITE.format("<testcase name='a' status='run'/>"), "testcase with status"),
        (SUITE.format("<testcase name='a'><properties/></testcase>"), "properties in testcase"),
        (SUITE.format("<testcase name='a'>passed</testcase>"), "text in testcase"),
        (SUITE.format("<testcase name='a'><rerunError/></testcase>"), "rerunError without type"),
        (SUITE.format("<properties><property name='a'/></properties>"), "property without value"),
        (SUITE.format("<testcase name='a'><failure kind='x'/></testcase>"), "failure with kind"),
        (SUITE.format("<testcase name='a'><output/></testcase>"), "element output"),
    ],
)
def test_the_rules_find_what_the_schema_forbids(document: str, offence: str) -> None:
    assert offence in offences(document.encode())


CASES = (
    a_case(),
    a_case(
        nodeid="test_a.py::b[7.0]", test="b", outcome="failed", message="m: 3 > 2", details="m\n<stats> & ]]>"
    ),
    a_case(
        nodeid="test_a.py::c[7.0]", test="c", outcome="error", message="no QEMU", details="no QEMU", runs=()
    ),
    a_case(
        nodeid="test_a.py::d[7.0]",
        test="d",
        outcome="skipped",
        message="ignored",
        clock="",
        runs=(),
        wall_s=0,
    ),
)


def test_a_document_of_every_outcome_follows_the_schema() -> None:
    assert offences(junit_xml(CASES, VERSIONS)) == []


def test_a_test_outside_pytests_root_has_no_class() -> None:
    root = ElementTree.fromstring(junit_xml([a_case(nodeid="::b[7.0]", test="b")], VERSIONS))
    assert [(one.get("name"), one.get("classname")) for one in root.iter("testcase")] == [("b", None)]


@settings(max_examples=30)
@given(st.text(), st.floats(0, 1e6))
def test_any_text_and_time_give_a_document_that_follows_the_schema(text: str, seconds: float) -> None:
    case = a_case(test=text, outcome="failed", message=text, details=text, scheduler=text, wall_s=seconds)
    assert offences(junit_xml([case], VERSIONS)) == []


def test_outcomes_are_counted_and_have_their_reasons() -> None:
    suite = ElementTree.fromstring(junit_xml(CASES, VERSIONS))[0]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")} == {
        "basic_steady": ["system-out"],
        "b": ["failure", "system-out"],
        "c": ["error"],
        "d": ["skipped"],
    }
    failure = suite.find(".//failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message"), failure.text) == (
        "verdict",
        "m: 3 > 2",
        "m\n<stats> & ]]>",
    )
    skipped = suite.find(".//skipped")
    assert skipped is not None
    assert skipped.get("message") == "ignored"


def test_there_is_a_suite_for_each_kernel_topology_and_scheduler_with_its_properties() -> None:
    other = replace(
        KERNEL, key="7.3.4-debian-0", version="7.3.4", release="7.3.4-cloud", image_sha256="cd" * 32
    )
    cases = [a_case(), a_case(kernel=other), a_case(topology="1n1l2c1t"), a_case(scheduler="eevdf"), a_case()]
    root = ElementTree.fromstring(junit_xml(cases, VERSIONS))
    assert {suite.get("name"): len(suite.findall("testcase")) for suite in root} == {
        "7.0.13 1n1l2c1t my_sched": 1,
        "7.0.13 1n2l4c1t eevdf": 1,
        "7.0.13 1n2l4c1t my_sched": 2,
        "7.3.4 1n2l4c1t my_sched": 1,
    }
    properties = {item.get("name"): item.get("value") for item in root[3].iter("property")}
    assert properties == {
        "kernel": "7.3.4",
        "kernel_release": "7.3.4-cloud",
        "kernel_source": "Debian, signature verified",
        "image_sha256": "cd" * 32,
        "topology": "1n2l4c1t",
        "scheduler": "my_sched",
        "clock": "virtual",
        "seed": "1",
        "accelerator": "tcg",
        "qemu": "7.2.22",
        "commit": "1a2b3c4d" * 5,
        "ktstr": "0.1.0",
        "python": "3.11.2",
    }


def test_a_suite_takes_its_clock_from_a_case_that_had_a_vm() -> None:
    skipped = a_case(nodeid="a::a", outcome="skipped", message="m", clock="", accelerator="", emulator="")
    root = ElementTree.fromstring(junit_xml([skipped, a_case()], VERSIONS))
    assert [item.get("value") for item in root.iter("property") if item.get("name") == "clock"] == ["virtual"]


def test_the_order_of_the_cases_does_not_matter() -> None:
    assert junit_xml(CASES, VERSIONS) == junit_xml(reversed(CASES), VERSIONS)


def test_characters_that_xml_forbids_are_marked_and_colours_are_dropped() -> None:
    case = a_case(
        outcome="failed", message="m", details="\x1b[1;31mred\x1b[0m \x00 \udcff \x85 \ufffe tab\t\r\nü 😀"
    )
    failure = ElementTree.fromstring(junit_xml([case], VERSIONS)).find(".//failure")
    assert failure is not None
    assert failure.text == "red \ufffd \ufffd \ufffd \ufffd tab\t\nü 😀"
