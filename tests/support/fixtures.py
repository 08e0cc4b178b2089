"""pytest fixtures for the programs, which skip loudly where the machine cannot have them.

Name this module in ``pytest_plugins`` of ``tests/conftest.py``. The reasons of all such skips stand together
right above pytest's closing line. With ``DANELAB_NEED_PROGRAMS=1`` in the environment they fail instead, so
that a machine which must have the programs cannot pass without them.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import pytest

from tests.support import netns
from tests.support.packages import Bundle, Program, Unavailable, program

T = TypeVar("T")

_MARK = "UNAVAILABLE:"

COMPARED = "compared with"
"""Beginning of the names of properties that a test records (`record_property`) to have them told at the end."""

KEPT = "kept in"
"""Name of the property that tells, once at the end of the run, where tests have left what a person may look at."""


def available(get: Callable[..., T], *arguments: object, **options: object) -> T:
    """``get(...)``; where that raises Unavailable, skip the test, or fail it if the programs are needed."""
    try:
        return get(*arguments, **options)
    except Unavailable as problem:
        reason = f"{_MARK} {problem.reason}"
    if os.environ.get("DANELAB_NEED_PROGRAMS", "") not in ("", "0"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def unbound_program() -> Program:
    """unbound, fetched if need be."""
    return available(program, "unbound", bundle=Bundle.VALIDATORS)


@pytest.fixture(scope="session")
def delv_program() -> Program:
    """delv, fetched if need be."""
    return available(program, "delv", bundle=Bundle.VALIDATORS)


@pytest.fixture(scope="session")
def comparison_programs() -> None:
    """The programs of :mod:`tests.support.comparisons`, fetched if need be."""
    for name in ("nsd", "dnsperf", "smtp-sink", "smtp-source"):
        available(program, name, bundle=Bundle.SERVERS)


@pytest.fixture(scope="session")
def in_namespace() -> Callable[..., Any]:
    """:func:`tests.support.netns.run`; the test is skipped where the machine allows no namespaces."""

    def run(body: Callable[..., Any], *arguments: object, seconds: float = 60.0) -> Any:
        return available(netns.run, body, *arguments, seconds=seconds)

    return run


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """After all else, tell how many answers were compared, what was kept, and which tests found no program and why."""
    yield
    properties = [each for report in terminalreporter.stats.get("passed", []) for each in report.user_properties]
    for text in [str(text) for name, text in properties if name.startswith(COMPARED)]:
        terminalreporter.line(text, green=True)
    for text in dict.fromkeys(str(text) for name, text in properties if name == KEPT):
        terminalreporter.line(text)
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if _MARK in reason:
            reasons[re.sub(r"\s+", " ", reason.partition(_MARK)[2]).strip()] += 1
    if reasons:
        terminalreporter.section("NOT TESTED: the machine lacks what these tests need", red=True, bold=True)
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count} {'test' if count == 1 else 'tests'} skipped: {reason}", red=True)
        terminalreporter.line("DANELAB_NEED_PROGRAMS=1 turns these skips into failures.")
