"""JUnit XML: a test case for each threshold's condition, and one for the verdict as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dms_load_test.metrics.thresholds import Judgement
from dms_load_test.views.findings import violation_lines
from dms_load_test.views.text import printable

if TYPE_CHECKING:
    from dms_load_test.metrics.thresholds import ThresholdResult
    from dms_load_test.views.exports import RunExport

_CLASS = "dms-load-test"


def junit_xml(run: RunExport) -> str:
    """Return the document: what speaks against the run is a failed test."""
    suite = ET.Element("testsuite", name=_text(run.run_id), timestamp=f"{run.started_at:%Y-%m-%dT%H:%M:%S}")
    for result in run.verdict.results if run.verdict else ():
        _threshold(suite, result)
    _verdict(suite, run)
    failures = len(suite.findall("testcase/failure"))
    counts = {"tests": str(len(suite.findall("testcase"))), "failures": str(failures), "errors": "0", "skipped": "0"}
    for element in (suite, root := ET.Element("testsuites")):
        element.attrib |= counts | {"time": f"{run.duration_s:.3f}"}
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _threshold(suite: ET.Element, result: ThresholdResult) -> None:
    name = _text(f"{result.subject}: {result.condition}")
    case = ET.SubElement(suite, "testcase", classname=f"{_CLASS}.thresholds", name=name, time="0")
    observed = "no samples" if result.observed is None else f"observed {result.observed:.6g}"
    if result.judgement is Judgement.PASSED:
        ET.SubElement(case, "system-out").text = observed
    else:
        message = f"{result.judgement.value}: {observed}"
        ET.SubElement(case, "failure", type=result.judgement.value, message=message).text = f"{name}: {message}"


def _verdict(suite: ET.Element, run: RunExport) -> None:
    case = ET.SubElement(suite, "testcase", classname=_CLASS, name="verdict", time=f"{run.duration_s:.3f}")
    if run.verdict is None:
        sentence = "The run was killed: what it did until then is in its report."
        ET.SubElement(case, "failure", type="partial", message=sentence).text = sentence
    elif not run.verdict.passed:
        sentence = _text(run.verdict.sentence)
        failure = ET.SubElement(case, "failure", type=run.verdict.kind.value, message=sentence)
        failure.text = "\n".join((sentence, *map(_text, violation_lines(run.violations))))


def _text(text: str) -> str:
    return printable(text, 1000)
