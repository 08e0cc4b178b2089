"""The benchmark measures something in every section, or says why not. How fast anything is, is not tested."""

from __future__ import annotations

import json
from pathlib import Path

import dns.dnssec
import dns.name
import dns.node
import dns.rdataset
import dns.rdatatype
import dns.zone
import pytest

from tests.bench import fake, zonefile
from tests.bench.__main__ import SECTIONS, main
from tests.bench.rows import Aim, Of, Row, compared, missing, table

NOW = 1_760_000_000


@pytest.mark.loopback
@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_prints_ratios_or_reasons(
    section: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.json"
    assert main(["--quick", "--json", str(file), section]) == 0
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["rows"]
    for row in found["rows"]:
        assert row["reason"] or row["ratio"] > 0, row
    printed = capsys.readouterr().out
    assert all(row["what"] in printed for row in found["rows"])


def test_an_unknown_section_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code == 2
    assert "no section is called speed" in capsys.readouterr().err


def test_an_exported_zone_holds_a_signature_that_verifies_for_each_of_its_sets() -> None:
    scenarios = fake.scenarios(2)
    zone = fake.internet(scenarios, seed="test", now=NOW).world(scenarios[0].id).zones["domain"]
    read = dns.zone.from_text("\n".join(zonefile.lines(zone)), origin=zone.origin, relativize=False)
    apex = dns.name.from_text(zone.origin)
    keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
        apex: read.find_rrset(apex, dns.rdatatype.DNSKEY)
    }
    sets = [(name, data.rdtype) for name, data in read.iterate_rdatasets() if data.rdtype != dns.rdatatype.RRSIG]
    for name, kind in sets:
        signatures = read.find_rrset(name, dns.rdatatype.RRSIG, kind)
        dns.dnssec.validate(read.find_rrset(name, kind), signatures, keys, now=NOW)
    kinds = {kind for _, kind in sets}
    assert {dns.rdatatype.SOA, dns.rdatatype.NSEC, dns.rdatatype.TLSA, dns.rdatatype.MX} <= kinds


def test_an_aim_speaks_of_the_ratio_or_of_our_own_number() -> None:
    rows = [
        compared("s", "a", ours=[6, 7, 8], theirs=[10, 10, 10], unit="/s", aim=Aim(at_least=0.6)),
        compared("s", "b", ours=[6, 7, 8], theirs=[10, 10, 10], unit="/s", aim=Aim(at_most=0.6)),
        compared("s", "c", ours=[6, 7, 8], theirs=[10, 10, 10], unit="s", aim=Aim(at_most=7, of=Of.OURS, unit="s")),
        compared("s", "d", ours=[6, 7, 8], theirs=[10, 10, 10], unit="s"),
    ]
    assert [row.met for row in rows] == [True, False, True, None]
    assert rows[0].ratio == 0.7
    assert rows[0].spread == pytest.approx(0.2 / 0.7)


def test_the_table_tells_verdicts_and_reasons() -> None:
    rows = [
        compared("Section", "quick", ours=[12345], theirs=[10000], unit="/s", aim=Aim(at_least=1)),
        compared("Section", "slow", ours=[1], theirs=[8], unit="/s", aim=Aim(at_least=1), note="it is early"),
        missing("Section", "absent", reason="there is\nno such program"),
        Row(section="Other", what="none", reason="no time"),
    ]
    lines = table(rows).splitlines()
    assert lines[1] == "Section"
    assert lines[2].split() == ["quick", "12,345", "10,000", "/s", "1.23", "0%", ">=", "1", "met"]
    assert lines[3].endswith("missed")
    assert lines[4].strip() == "it is early"
    assert lines[5] == "  absent: not measured: there is no such program"
    assert lines[6] == "Other"
