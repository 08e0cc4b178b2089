"""`danelab show`: one scenario as a story."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import hanging, paragraph, scenarios_option

if TYPE_CHECKING:
    from harness.scenario.load import Entry
    from harness.scenario.models import Expect
    from harness.scenario.outcomes import Outcome
    from harness.scenario.requirements import Requirement
    from harness.scenario.suite import Suite


@click.command("show", short_help="Tell the story of one scenario.")
@click.argument("name", metavar="ID")
@scenarios_option
@click.option("--toml", is_flag=True, help="The file as it was written.")
@click.option("--zone", is_flag=True, help="Its zones, signed, as master files.")
@click.option("--origin", metavar="NAME", default="", help="With --zone: this one only.")
@click.option("--step", type=int, metavar="N", help="With --zone: as they are after step N.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="With --zone: a file for each in this folder.")
@click.option("--seed", default="danelab", show_default=True, help="With --zone: the same seed gives the same keys.")
def command(
    name: str,
    own_paths: tuple[Path, ...],
    *,
    toml: bool,
    zone: bool,
    origin: str,
    step: int | None,
    out: Path | None,
    seed: str,
) -> None:
    """Tell what a scenario is about: the world, the rules at stake, and what a conforming target may do."""
    from harness.errors import UsageError
    from harness.scenario.requirements import load_requirements
    from harness.scenario.suite import REQUIREMENTS, load_suite, own_scenarios

    suite = load_suite(*own_paths)
    entry = suite[name]
    if zone:
        from .zonefiles import tell_zones

        tell_zones(entry, seed=seed, step=step, origin=origin, folder=out)
        return
    if origin or step is not None or out is not None:
        raise UsageError("--origin, --step and --out go with --zone")
    if toml:
        click.echo(entry.source.text, nl=not entry.source.text.endswith("\n"))
        return
    for line in _story(entry, suite, load_requirements(own_scenarios() / REQUIREMENTS).values()):
        click.echo(line)


def _story(entry: Entry, suite: Suite, requirements: Any) -> Iterator[str]:
    from harness.scenario.docs import member_docs
    from harness.scenario.models import Choice, Importance, Need
    from harness.scenario.source import shown

    scenario = entry.scenario
    yield hanging(f"{entry.id}: {scenario.title}", indent=2)
    importance = f"importance {scenario.importance}: {member_docs(Importance)[scenario.importance]}"
    yield hanging(f"  {shown(entry.file)}, {importance}", indent=2)
    yield ""
    yield paragraph(scenario.explain)
    yield ""
    yield "What differs from the healthy world"
    differences = list(_differences(entry))
    yield from differences or ["  nothing"]
    yield ""
    yield "The rules at stake"
    known: dict[str, Requirement] = {requirement.id: requirement for requirement in requirements}
    for name in scenario.covers:
        rule = known[name]
        yield f"  {rule.id}  RFC {rule.rfc} section {rule.section}, {rule.level}"
        yield paragraph(rule.summary, indent="    ")
    yield ""
    yield "What a conforming target may do (the usual first)"
    yield from _expectation(scenario.expect)
    for index, step in enumerate(scenario.steps, 1):
        if step.expect:
            yield f"  at step {index}:"
            yield from _expectation(step.expect)
        for zone, expect in step.expect_for.items():
            yield f"  at step {index}, for {{{zone}}}:"
            yield from _expectation(expect)
    if scenario.expect.choice:
        yield ""
        yield "The sender's choice"
        yield paragraph(f"{scenario.expect.choice}: {member_docs(Choice)[scenario.expect.choice]}")
    if scenario.reading:
        yield ""
        yield "How the documents are read"
        yield paragraph(scenario.reading)
    for need in scenario.needs:
        yield ""
        yield hanging(f"Needs {need}: {member_docs(Need)[need]}", indent=2)
    if scenario.waits:
        yield ""
        yield hanging(f"Its steps wait {scenario.waits:g} s altogether, where a cache has to run out.", indent=2)
    if scenario.twin:
        yield ""
        title = suite[scenario.twin].scenario.title
        yield hanging(f"Its twin, which has to be delivered: {scenario.twin} ({title})", indent=2)


def _expectation(expect: Expect) -> Iterator[str]:
    from harness.scenario.docs import member_docs
    from harness.scenario.outcomes import Code

    docs = member_docs(Code)
    for mode in ("opportunistic", "mandatory", "unaware"):
        outcomes: tuple[Outcome, ...] = getattr(expect, mode).outcomes
        for index, outcome in enumerate(outcomes):
            label = mode if not index else "or"
            behind = "; at another MX than the preferred one" if outcome.next else ""
            where = f"; at {outcome.at}" if outcome.at else ""
            what = f"  {label:>13}  {outcome!s:10}  "
            yield hanging(f"{what}{docs[outcome.code].rstrip('.')}{behind}{where}.", indent=len(what))
    if expect.checker:
        yield f"  {'checker':>13}  {expect.checker}"


def _differences(entry: Entry) -> Iterator[str]:
    """Each value that the file sets in the world, with what the language says about it."""
    from harness.scenario.stages import CHANGEABLE

    scenario = entry.scenario
    for name in ("recipient", *CHANGEABLE, "steps"):
        if name in scenario.model_fields_set:
            yield from _values(getattr(scenario, name), name, meaning="")


def _values(value: Any, path: str, *, meaning: str) -> Iterator[str]:
    import json

    from pydantic import BaseModel

    from harness.scenario.docs import member_docs

    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name in (name for name in fields if name in value.model_fields_set):
            yield from _values(getattr(value, name), f"{path}.{name}", meaning=fields[name].description or "")
        if not value.model_fields_set:
            yield f"  {path}: as usual"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _values(inner, f"{path}.{name}", meaning=meaning)
    elif isinstance(value, tuple) and any(isinstance(inner, BaseModel) for inner in value):
        for index, inner in enumerate(value):
            yield from _values(inner, f"{path}[{index}]", meaning=meaning)
    else:
        if isinstance(value, StrEnum):
            meaning = member_docs(type(value)).get(value.value, meaning)
        said = list(value) if isinstance(value, tuple) else value
        yield hanging(f"  {path} = {json.dumps(said, ensure_ascii=False, default=str)}", indent=6)
        if meaning:
            yield paragraph(meaning, indent="      ")
