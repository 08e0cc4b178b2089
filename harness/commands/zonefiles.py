"""`danelab show ID --zone`: the zones of a scenario as master files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.scenario.load import Entry
    from harness.world.zones import Zone


def tell_zones(entry: Entry, *, seed: str, step: int | None, origin: str, folder: Path | None) -> None:
    """Print the zones, or write each to a file of its own in the folder. Raises UsageError and ScenarioError."""
    files = list(zone_files(entry, seed=seed, step=step, now=int(time.time())))
    if origin:
        wanted = origin.lower().rstrip(".") + "."
        names = [name for name, _ in files]
        if wanted not in names:
            raise UsageError(f"--origin {origin}: {entry.id} has no such zone; there are {' '.join(names)}")
        files = [each for each in files if each[0] == wanted]
    if folder is None:
        click.echo("\n".join(text for _, text in files), nl=False)
        return
    for name, text in files:
        file = folder / ("root.zone" if name == "." else f"{name}zone")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="ascii")
        except OSError as error:
            raise UsageError(f"--out {folder}: {error.strerror}; name a folder that can be written") from None
        click.echo(file)


def zone_files(entry: Entry, *, seed: str, step: int | None = None, now: int) -> Iterator[tuple[str, str]]:
    """Name and master file of each zone: the scenario's own, `example.` above them, and the root.

    `step` counts the scenario's steps from 1 and says after which of them; `now` is in seconds since 1970.
    Raises UsageError where there is no such step, ScenarioError for what no zone can be made of.
    """
    from harness.run import work_out
    from harness.scenario.source import shown
    from harness.scenario.stages import stages
    from harness.world.addresses import BENCHMARKING
    from harness.world.internet import Internet
    from harness.world.masterfile import master_file
    from harness.world.records import Type

    steps = len(entry.scenario.steps)
    if step is not None and not 1 <= step <= steps:
        there = f"has steps 1 to {steps}" if steps else "has no steps"
        raise UsageError(f"--step {step}: {entry.id} {there}")
    internet = Internet(seed=seed, now=now, plan=BENCHMARKING)
    internet.add(entry.scenario, file=shown(entry.file))
    work_out(internet, entry)
    for stage in stages(entry.scenario)[1:]:
        if step is not None and stage.step is not None and stage.step < step:
            internet.replace(stage.scenario)
    world = internet.world(entry.id)
    zones: list[Zone] = [*world.zones.values(), internet.tld, internet.root]
    for zone in dict.fromkeys(zones):
        faults = [
            fault
            for fault in world.faults
            if internet.zone_for(fault.name.removeprefix("*."), Type.SOA if fault.type is None else fault.type) is zone
        ]
        yield zone.origin, "".join(line + "\n" for line in master_file(zone, faults=faults))
