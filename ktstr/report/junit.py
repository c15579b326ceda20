"""junit.xml: the cases of one kernel, one suite per kernel, topology and scheduler (or variant of it).

There are that many suites because the junit-xml library has properties for suites only.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from junit_xml import TestCase, TestSuite, to_xml_report_string

from ktstr.report.case import Case, Versions
from ktstr.report.text import printable
from ktstr.vm.names import EMULATOR_KEY

__all__ = ["junit_xml"]

# Attributes that the library writes and Jenkins' junit-10.xsd does not know.
_UNKNOWN_TO_SCHEMA = ("disabled",)


def junit_xml(cases: Iterable[Case], versions: Versions) -> bytes:
    """The document in UTF-8. Its order depends only on the cases' names."""
    suites: dict[tuple[str, str, str], list[Case]] = {}
    for case in sorted(cases, key=lambda case: case.nodeid):
        suites.setdefault((case.kernel.key, case.topology, case.title), []).append(case)
    document = to_xml_report_string(
        [_suite(members, versions) for _, members in sorted(suites.items())], prettyprint=False
    )
    root = ElementTree.fromstring(document)
    for element in root.iter():
        for attribute in _UNKNOWN_TO_SCHEMA:
            element.attrib.pop(attribute, None)
        if "time" in element.attrib:
            # Sums of floats: 0.020000000000000004, or 1e-05, which the schema's decimals exclude.
            element.set("time", f"{float(element.attrib['time']):.3f}")
    ElementTree.indent(root)
    document_utf8: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document_utf8 + b"\n"


def _suite(cases: Sequence[Case], versions: Versions) -> TestSuite:
    first = cases[0]
    # A skipped case had no VM, so only the others know what ran the VMs.
    ran = next((case for case in cases if case.clock), first)
    properties = {
        "kernel": first.kernel.version,
        "kernel_release": first.kernel.release,
        "kernel_source": first.kernel.source,
        "image_sha256": first.kernel.image_sha256,
        "topology": first.topology,
        "scheduler": first.scheduler,
        **({"variant": first.variant} if first.variant else {}),
        "clock": ran.clock or "none",
        "seed": str(ran.seed),
        "accelerator": ran.accelerator or "none",
        EMULATOR_KEY: ran.emulator or "none",
        "commit": (versions.commit or "none") + ("-dirty" if versions.dirty else ""),
        "ktstr": versions.ktstr,
        "python": versions.python,
    }
    started = datetime.fromtimestamp(min(case.started for case in cases), UTC)
    return TestSuite(
        printable(f"{first.kernel.version} {first.topology} {first.title}"),
        [_case(case) for case in cases],
        timestamp=started.strftime("%Y-%m-%dT%H:%M:%S"),
        properties={key: printable(value) for key, value in properties.items()},
    )


def _case(case: Case) -> TestCase:
    path = Path(case.nodeid.split("::", 1)[0])  # no name at all of a file outside pytest's root
    path = path.with_suffix("") if path.name else path
    result = TestCase(
        printable(case.test),
        classname=printable(".".join(path.parts)),
        elapsed_sec=case.wall_s,
        stdout=_ran(case) if case.runs else None,
    )
    message, details = printable(case.message) or case.outcome, printable(case.details)
    if case.outcome == "failed":
        result.add_failure_info(message, details, "verdict")
    elif case.outcome == "error":
        result.add_error_info(message, details, "run")
    elif case.outcome == "inconclusive" and not case.allowed:
        result.add_error_info(message, details, "inconclusive")
    elif case.outcome == "inconclusive":
        result.add_skipped_info(f"inconclusive: {message}")
    elif case.outcome == "skipped":
        result.add_skipped_info(message)
    return result


def _ran(case: Case) -> str:
    known = sum(run["result"]["start"] == "remembered" for run in case.runs)
    more = f" ({known} remembered)" if known else ""
    return f"{len(case.runs)} VM run(s){more}, {case.guest_s:.3f} guest seconds"
