"""All formats: what they say to the letter, and that nothing anybody says can be anything but text in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import FunctionType
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from harness.report import RunReport
from harness.report.formats import FORMATS
from harness.report.json import read

from .runs import conforming, excused, golden, hostile, mixed, overheard, two, unaware

SUFFIXES = {
    "junit": "xml", "markdown": "md", "sarif": "sarif",
    "badge": "svg", "shields": "shields.json", "github": "github.txt",
}  # fmt: skip


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("run", [mixed, two, excused])
def test_a_run_is_told_to_the_letter(form: str, run: FunctionType) -> None:
    text = re.sub(r'"version": "0[^"]*"', '"version": "0"', FORMATS[form].text(run()))
    assert text == golden(f"{run.__name__}.{SUFFIXES[form]}", text)


def test_a_run_with_a_baseline_is_printed_to_the_letter() -> None:
    text = FORMATS["console"].text(excused())
    assert text == golden("excused.txt", text)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("run", [mixed, two, excused, unaware, conforming, hostile, overheard])
def test_every_format_can_tell_every_run(form: str, run: Callable[[], RunReport]) -> None:
    text = FORMATS[form].text(run())
    assert text or form == "github"
    text.encode("utf-8")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("run", [hostile, overheard])
def test_hostile_text_steers_no_terminal(form: str, run: Callable[[], RunReport]) -> None:
    text = FORMATS[form].text(run())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800]", text if form != "json" else json.dumps(text))


@pytest.mark.parametrize("run", [hostile, overheard])
def test_hostile_text_is_text_in_xml(run: Callable[[], RunReport]) -> None:
    report = run()
    root = ElementTree.fromstring(FORMATS["junit"].text(report))
    known = "testsuites testsuite properties property testcase failure error skipped system-out"
    assert {each.tag for each in root.iter()} <= set(known.split())
    told = ["".join(each.itertext()) + " ".join(each.attrib.values()) for each in root.iter()]
    assert any("<script>alert(1)</script>" in each for each in told)
    assert "<script" not in FORMATS["badge"].text(report)


@pytest.mark.parametrize("run", [hostile, overheard])
def test_hostile_text_is_text_in_markdown(run: Callable[[], RunReport]) -> None:
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(FORMATS["markdown"].text(run()))
    ours = "h2|h3|p|strong|em|table|thead|tbody|tr|th|td|details|summary|code|pre|ul|li"
    tags = re.findall(r"<(?!!-- -->)/?([^\s>/]*)", page)
    assert tags
    assert set(tags) <= set(ours.split("|")), set(tags)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "http://c.example" in page or run is overheard


@pytest.mark.parametrize("run", [hostile, overheard])
def test_hostile_text_is_a_string_in_json(run: Callable[[], RunReport]) -> None:
    report = run()
    told = json.loads(FORMATS["sarif"].text(report))
    assert "<script>alert(1)</script>" in json.dumps(told)
    assert json.loads(FORMATS["shields"].text(report)).keys() == {"schemaVersion", "label", "message", "color"}
    read(FORMATS["json"].text(overheard()))


@pytest.mark.parametrize("run", [hostile, overheard, unaware])
def test_hostile_text_gives_the_runner_no_commands(run: Callable[[], RunReport]) -> None:
    lines = FORMATS["github"].text(run()).splitlines()
    place = r"(file=[^:,]*,line=1,)?title=[^:,]*"
    assert lines
    assert all(re.fullmatch(rf"::(error|warning) {place}::.*", line) for line in lines)
    assert len([line for line in lines if line.startswith("::error")]) <= 10
