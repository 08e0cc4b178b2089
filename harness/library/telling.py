"""Verdicts told to whoever tests: nothing where all is well, else the story of the failure, or whose fault it was."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar
from unittest import SkipTest

from harness.errors import DanelabError, HarnessError
from harness.report.plain import plain
from harness.verdict import Grade, Result, Verdict

P = ParamSpec("P")
R = TypeVar("R")

OURS = "danelab itself failed, which is not the target's fault"


class DanelabWarning(UserWarning):
    """A SHOULD that was not followed, or an outcome that proves nothing by itself."""


def clear(function: Callable[P, R]) -> Callable[P, R]:
    """Errors meant for people come out without the way they took through danelab."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        __tracebackhide__ = True
        try:
            return function(*args, **kwargs)
        except (DanelabError, AssertionError, SkipTest) as error:
            raise error.with_traceback(None) from None

    return wrapper


def conclude(result: Result, others: Iterable[Result] = (), *, hint: str = "") -> Result:
    """The result, where it is good news. `others` are those of the scenarios that ran along with it.

    Raises AssertionError for a failure of the target, and for one that proves nothing; SkipTest where the target says
    that it cannot do what was asked; HarnessError where danelab failed. A warning is warned of.
    """
    match result.verdict:
        case Verdict.PASS | Verdict.ALLOWED:
            return result
        case Verdict.FAIL if result.grade is Grade.WARNING:
            warnings.warn(told(result), DanelabWarning, stacklevel=3)
            return result
        case Verdict.FAIL:
            raise AssertionError(told(result))
        case Verdict.UNSUPPORTED:
            raise SkipTest(f"{result.scenario}: {plain(result.reason)}")
        case Verdict.ERROR:
            raise HarnessError(f"{OURS}: {result.scenario}: {plain(result.reason)}")
    broken = failed(others)
    if broken is not None:
        raise AssertionError(f"{_nothing(result)}; {broken.scenario} ran along:\n{told(broken)}")
    raise Inconclusive(_nothing(result) + (f"; {hint}" if hint else ""))


class Inconclusive(AssertionError):  # noqa: N818 (a verdict, and no fault of anybody)
    """What was seen proves nothing."""


def failed(results: Iterable[Result]) -> Result | None:
    """The first that the target failed in earnest."""
    return next((each for each in results if each.verdict is Verdict.FAIL and each.grade is not Grade.WARNING), None)


def told(result: Result) -> str:
    """A failure in four lines below its name. Nothing in it steers a terminal."""
    head = f"{result.scenario} ({result.grade})" if result.grade else f"{result.scenario}: {result.verdict}"
    story = result.story
    if story is None:
        return plain(f"{head}: {result.reason}")
    lines = (("world", story.world), ("rule", story.rule), ("expected", story.expected), ("seen", story.seen))
    return "\n".join((plain(head), *(f"  {word:<9} {plain(text)}" for word, text in lines)))


def _nothing(result: Result) -> str:
    """The target's own words help where it is not set up: a module that is missing, a path that is wrong."""
    said = next((each.text for each in reversed(result.evidence) if each.text.startswith("target reports")), "")
    return plain(f"{result.scenario} allows no conclusion: {result.reason}" + (f" ({said})" if said else ""))
