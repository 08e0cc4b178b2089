"""Zones as master files: complete, and read by ldns, BIND and NSD."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest
from click.testing import CliRunner

from harness import cli
from harness.commands.zonefiles import zone_files
from harness.scenario.load import Entry
from harness.scenario.suite import load_suite
from harness.world.names import from_labels
from harness.world.presentation import line, owner
from harness.world.records import Record, Type
from tests.support.fixtures import available
from tests.support.packages import Bundle, Program, program

SAMPLE = (
    "algorithm-rollover", "compact-denial", "data-empty", "ds-optout-signed", "ds-mismatch-mx", "ee-311", "ent-nsec3",
    "none-unsigned", "nsec3-iter-1", "nsec3-optout", "rdata-truncated", "tlsa-bogus", "unsupported-algorithm",
    "wild-tlsa-nsec", "zone-rsa",
)  # fmt: skip
"""NSEC, NSEC3, opt-out, compact denial, wildcards, unsigned zones, several algorithms, and what readers refuse."""

_MALFORMED = "its TLSA record is malformed on purpose, and this reader takes such a record from nobody"
REFUSED: Mapping[tuple[str, str], str] = {
    ("data-empty.example.", "named-checkzone"): _MALFORMED,
    ("rdata-truncated.example.", "named-checkzone"): _MALFORMED,
    ("rdata-truncated.example.", "nsd-checkzone"): _MALFORMED,
    ("unsupported-algorithm-provider.example.", "ldns-verify-zone"): "nobody can verify algorithm 200",
}
"""Zones that a reader is right to refuse, and why."""

WHOLE = os.environ.get("DANELAB_WHOLE", "") not in ("", "0")
SUITE = load_suite()
COMMON = ("example.", ".")
"""Zones that all scenarios have above their own."""


def states(entry: Entry) -> list[int | None]:
    """The scenario at its beginning, and after each step that changes its world."""
    return [None, *(number for number, step in enumerate(entry.scenario.steps, 1) if step.change is not None)]


def written(entry: Entry, step: int | None = None) -> dict[str, str]:
    """Its own zones, and once those above them."""
    found = zone_files(entry, seed="danelab", step=step, now=int(time.time()))
    return {name: text for name, text in found if name not in COMMON or entry.id == "ee-311"}


def complaints(name: str, text: str, file: Path, programs: Mapping[str, Program]) -> dict[str, str]:
    """What each reader says of a zone that it refuses."""
    file.write_text(text, encoding="ascii")
    arguments = {
        "ldns-verify-zone": [str(file)],
        # Not further than the zone: else it asks the machine's resolver for names outside.
        "named-checkzone": ["-i", "local", name, str(file)],
        "nsd-checkzone": [name, str(file)],
    }
    if " RRSIG " not in text:
        del arguments["ldns-verify-zone"]  # there is nothing to verify
    found = {}
    for each, more in arguments.items():
        command = [str(programs[each].path), *more]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=programs[each].environment(), timeout=60
        )
        if done.returncode:
            found[each] = done.stdout + done.stderr
    return found


@pytest.fixture(scope="module")
def readers() -> dict[str, Program]:
    names = ("ldns-verify-zone", "named-checkzone", "nsd-checkzone")
    return {name: available(program, name, bundle=Bundle.ZONE_CHECKERS) for name in names}


@pytest.mark.validators
@pytest.mark.parametrize("name", [entry.id for entry in SUITE] if WHOLE else SAMPLE)
def test_ldns_bind_and_nsd_accept_the_zones(name: str, readers: dict[str, Program], tmp_path: Path) -> None:
    for step in states(SUITE[name]):
        for origin, text in written(SUITE[name], step).items():
            found = complaints(origin, text, tmp_path / "zone", readers)
            wanted = {reader for zone, reader in REFUSED if zone == origin}
            assert found.keys() == wanted, found


@pytest.mark.validators
def test_the_readers_refuse_a_broken_zone(readers: dict[str, Program], tmp_path: Path) -> None:
    text = written(SUITE["ee-311"])["ee-311.example."]
    lines = text.splitlines()
    altered = "\n".join(each.replace(" MX 10 ", " MX 11 ") if " MX 10 " in each else each for each in lines) + "\n"
    assert altered != text
    assert "ldns-verify-zone" in complaints("ee-311.example.", altered, tmp_path / "zone", readers)
    nowhere = "\n".join(each for each in lines if " SOA " not in each) + "\n"
    assert {"named-checkzone", "nsd-checkzone"} <= complaints(
        "ee-311.example.", nowhere, tmp_path / "a", readers
    ).keys()


@pytest.mark.parametrize("name", SAMPLE)
def test_dnspython_reads_back_what_was_written(name: str) -> None:
    for origin, text in written(SUITE[name]).items():
        if (origin, "named-checkzone") in REFUSED:
            continue
        zone = dns.zone.from_text(text, origin=origin, relativize=False)
        records = [each for each in text.splitlines() if not each.startswith(";")]
        assert sum(1 for _ in zone.iterate_rdatas()) == len(records)


def test_what_is_done_to_answers_is_said_and_not_done_to_the_file() -> None:
    spoilt, sound = written(SUITE["tlsa-bogus"])["tlsa-bogus.example."], written(SUITE["ee-311"])["ee-311.example."]
    assert "; Not in this file, but on the answer to _25._tcp.mx1.tlsa-bogus.example. TLSA: corrupt-rrsig." in spoilt
    assert "Not in this file" not in sound


def test_compact_denial_is_said_to_stand_in_no_file() -> None:
    assert "; Its servers deny while answering" in written(SUITE["compact-denial"])["compact-denial.example."]


def test_a_step_shows_the_zone_as_it_is_from_then_on() -> None:
    entry = SUITE["algorithm-rollover"]
    changing = states(entry)[1]
    assert changing is not None
    before, after = written(entry), written(entry, changing)
    assert before.keys() == after.keys()
    assert before != after


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (Type.TXT, b'\x04a"b\\\x01\xff', '"a\\034b\\092" "\\255"'),
        (Type.TLSA, b"\x03\x01", "\\# 2 0301"),
        (Type.TLSA, b"\x03\x01\x01\xab", "3 1 1 ab"),
        (Type.A, b"\x01", "\\# 1 01"),
        (Type.MX, b"\x00\x0a", "\\# 2 000a"),
        (Type.CAA, b"\x00\x05issueca", '0 issue "ca"'),
        (65280, b"\x01\x02", "\\# 2 0102"),
        (Type.NSEC3PARAM, b"\x01\x00\x00\x01\x02\xaa\xbb", "1 0 1 aabb"),
        (Type.NSEC, b"\x00\x00\x01\x40", ". A"),
    ],
)
def test_each_type_is_written_as_its_rfc_says(kind: int, data: bytes, text: str) -> None:
    name = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(kind))
    assert line(Record("a.example.", kind, 5, data)) == f"a.example. 5 IN {name} {text}"


def test_names_with_odd_octets_are_escaped() -> None:
    assert owner(from_labels([b'a;"(b', b"\x00", b"example"])) == 'a\\;\\"\\(b.\\000.example.'


def test_a_file_for_each_zone_is_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.danelab, ["show", "ee-311", "--zone", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert {file.name for file in tmp_path.iterdir()} == {"ee-311.example.zone", "example.zone", "root.zone"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--zone", "--origin", "nowhere.example"], "has no such zone; there are ee-311.example. example. ."),
        (["--zone", "--step", "1"], "ee-311 has no steps"),
        (["--step", "1"], "go with --zone"),
        (["--zone", "--out", "/dev/null/x"], "name a folder that can be written"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_line(arguments: list[str], problem: str) -> None:
    done = CliRunner().invoke(cli.danelab, ["show", "ee-311", *arguments], standalone_mode=True)
    assert done.exit_code == 2
    assert problem in done.output
