"""`danelab merge`: shards of one run, or runs of several targets, put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.errors import UsageError

from .common import scenarios_option
from .finish import finish, report_options, wishes
from .outputs import in_folder, make_folder, write_text
from .runs import RUN_HELP, todays

EPILOG = f"""{RUN_HELP}
The journals are put together and judged as one, so that the verdicts are those of a single run.

\b
Examples:
  danelab run --shard 1/4 --out part1        on four machines: 1/4, 2/4, 3/4, 4/4
  danelab merge part1 part2 part3 part4 --out whole
  danelab merge runs/postfix runs/exim --out both

\b
Exit status: as for danelab run.
"""


@click.command("merge", short_help="Put shards, or the runs of several targets, together.", epilog=EPILOG)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@scenarios_option
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder for the whole.")
@report_options
@click.option("-v", "--verbose", is_flag=True, help="A line for each scenario, with its evidence.")
def command(runs: tuple[Path, ...], own_paths: tuple[Path, ...], *, out: Path, verbose: bool, **wanted: Any) -> int:
    """Make one run of several."""
    from harness.journal import encode
    from harness.report.formats import Background
    from harness.run.again import judge_again
    from harness.run.merging import Part, merged
    from harness.run.reading import events_of

    wished = wishes(**wanted).also(in_folder(out))
    for run in runs:
        if (run if run.is_dir() else run.parent).absolute() == out.absolute():
            raise UsageError(f"--out {out}: is one of the runs to be merged; name a folder of its own")
    rules = todays(own_paths)
    parts = []
    for run in runs:
        events = events_of(run)
        report = judge_again(
            events, rules.suite, requirements=rules.requirements, choices=rules.choices, whole=True
        ).report
        parts.append(Part(str(run), events, report))
    together = merged(parts)
    found = judge_again(together, rules.suite, requirements=rules.requirements, choices=rules.choices)
    baseline = wished.baseline_for([each.name for each in found.report.run.targets], rules.suite.ids)
    make_folder(out)
    write_text("".join(f"{encode(event)}\n" for event in together), out / "journal.ndjson")
    background = Background(events=together, scenarios=rules.suite.scenarios, requirements=rules.requirements)
    return finish(found.report, wished, baseline=baseline, background=background, notes=found.notes, verbose=verbose)
