"""Inside one scenario: names that mean nothing, and expectations that clash."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ScenarioError
from harness.scenario.load import read_file
from harness.scenario.stages import stages

from .files import GOOD, write

EXPECT = GOOD.partition("[expect]\n")[2]


def errors_of(folder: Path, lines: str) -> tuple[ScenarioError, ...]:
    """What is wrong with the healthy file and these lines behind it."""
    return read_file(write(folder, some=GOOD + "\n" + lines) / "some.toml")[1]


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        ("[certs.ca]\nissuer = 'rot'\n[certs.root]", "certs.ca.issuer", "'root'"),
        ("[[mx]]\ncert = 'leef'\n[certs.leaff]", "mx[0].cert", "'leaff'"),
        ("[[mx]]\ncert = 'x'", "mx[0].cert", "no certificate under [certs]"),
        ("[[mx]]\ncert.send = ['leaf', 'inter']\n[certs.intermediate]", "mx[0].cert.send[1]", "'intermediate'"),
        ("[[mx]]\ncert.key = 'rsa-2049'", "mx[0].cert.key", "'rsa-2048'"),
        ("[[mx]]\n[mx.cert_by_name]\n'a' = 'nope'\n[certs.ca]", "mx[0].cert_by_name.a", "'nope'"),
        ("[certs.a]\nissuer = 'b'\n[certs.b]\nissuer = 'a'", "certs.a.issuer", "a -> b -> a"),
        ("[[mx]]\nipv4 = ['evil']\n[servers.devil]", "mx[0].ipv4[0]", "'devil'"),
        ("[[mx]]\nipv6 = ['mx3']\n[[mx]]", "mx[0].ipv6[0]", "did you mean"),
        ("[[mx]]\ntlsa = ['3 1 1 other-kee']", "mx[0].tlsa[0]", "'other-key'"),
        ("[servers.a]\nproxy_to = 'mx2'", "servers.a.proxy_to", "'mx1'"),
        ("[route.modes]\ndomian = 'mandatory'", "route.modes.domian", "'domain'"),
        ("[[steps]]\nsend = ['domian']", "steps[0].send[0]", "'domain'"),
        ("[[steps]]\nsend = ['a@{domian}']", "steps[0].send[0]", "'domain'"),
        ("[[mx]]\ncert.names = ['{host}']", "mx[0].cert.names[0]", "nothing is called {host}"),
        ("[[mx]]\nkey = 'a'\n[[mx]]\nkey = 'a'", "mx[0].key", "two hosts have the key 'a'"),
        ("[[mx]]\n[[mx]]\nkey = 'mx1'", "mx[0].key", "two hosts have the key 'mx1'"),
        ("[[hosts]]\nkey = 'provider'\n[zones.provider]", "hosts[0].key", "also the key of a zone"),
        ("[[hosts]]\nkey = 'evil'\n[servers.evil]", "hosts[0].key", "also the name of a server"),
        ("[zones.domain]\nrecords = ['www A {mx2.ipv4}']", "zones.domain.records[0]", "'mx1'"),
        ("[zones.domain]\nrecords = ['www A {mx1.ip4}']", "zones.domain.records[0]", "'ipv4'"),
        ("[zones.domain]\nrecords = ['www A {mx1.ipv4']", "zones.domain.records[0]", "never closed"),
        ("[zones.domain]\nrecords = ['x TLSA {mx1.tlsa 3 1}']", "zones.domain.records[0]", "no TLSA record"),
        ("[[mx]]\nhost = '{cert.rot.cert.sha256}'\n[certs.root]", "mx[0].host", "'root'"),
        ("[[mx]]\nhost = '{key.spare.cert.der}'\n[keys.spare]", "mx[0].host", "'spki.der'"),
        ("[zones.domain]\nrecords = ['x CNAME {domain.ipv4}']", "zones.domain.records[0]", "stands for its name alone"),
        ("[zones.domain]\nrecords = ['x CNAME {host}']", "zones.domain.records[0]", "nothing is called {host}"),
        ("[[faults]]\nat = 'TSLA'\nwhat = 'drop'", "faults[0].at", "'TLSA'"),
        ("[[faults]]\nat = 'mx1'\nwhat = 'drop'", "faults[0].at", "no question"),
        ("[[faults]]\nat = '{mx1}'\nwhat = 'drop'", "faults[0].at", "half a question"),
        ("[[faults]]\nat = 'mx1 TSLA'\nwhat = 'drop'", "faults[0].at", "'TLSA'"),
        ("[[faults]]\nat = 'the TLSA record'\nwhat = 'drop'", "faults[0].at", "no question"),
        ("[[faults]]\nat = '*.x A'\nwhat = 'drop'", "faults[0].at", "*.NAME *"),
        (f"[[steps]]\nsend = ['domain']\n[steps.expect_for.other]\n{EXPECT}", "steps[0].expect_for.other", "no zone"),
        ("[[steps]]\n[steps.change]\ntitle = 'Another title'", "steps[0].change.title", "cannot change 'title'"),
        ("[[steps]]\n[steps.change.zones.domain]\nsign = false", "steps[0].change.zones.domain.sign", "'signed'"),
        ("[[steps]]\n[[steps.change.mx]]\ntlsa = ['3 1 1 mx7']", "steps[0].change.mx[0].tlsa[0]", "'mx1'"),
    ],
)  # fmt: skip
def test_a_name_that_means_nothing_is_told_with_the_nearest(tmp_path: Path, lines: str, key: str, said: str) -> None:
    errors = errors_of(tmp_path, lines)
    assert errors, "nothing was found"
    assert errors[0].key == key
    assert said in str(errors[0])
    assert errors[0].remedy
    assert "\n" not in str(errors[0])


@pytest.mark.parametrize(
    "lines",
    [
        "[[mx]]\n[[mx]]\ntlsa = ['3 1 1 mx1', '2 0 1 root', '2 0 1 ca', '3 1 1 evil']\n[certs.ca]\n[servers.evil]",
        "[[mx]]\ncert = { issuer = 'webpki', key = 'spare', names = ['{mx1}', '*.{domain}'] }\n[keys.spare]",
        "[zones.domain]\nrecords = ['a A {mx1.ipv4}', '{id} CNAME {host1}', 'c TLSA {mx1.tlsa 3 1 1}']\n[[hosts]]",
        "[zones.provider]\nrecords = ['x TLSA 3 1 1 {key.spare.spki.sha256}', 'y CNAME {domain}']\n[keys.spare]",
        "[[faults]]\nat = '_25._tcp.{mx1} TLSA'\nwhat = 'drop'\n[[faults]]\nat = '*.{domain} *'\nwhat = 'drop'",
        "[[faults]]\nat = 'CNAME'\nwhat = 'drop'\n[[faults]]\nat = 'x TYPE53'\nwhat = 'drop'",
        "[[mx]]\nipv4 = ['', 'evil', 'mx2']\n[[mx]]\n[servers.evil]\nproxy_to = 'mx1'",
        "[[steps]]\nsend = ['domain', 'user@{mx1}']\n[[steps]]\n[steps.change.zones.domain]\nsigned = false",
        "[[mx]]\nsmtp.banner = '421 {host} busy'",
    ],
)
def test_names_that_mean_something_are_let_through(tmp_path: Path, lines: str) -> None:
    assert errors_of(tmp_path, lines) == ()


@pytest.mark.parametrize("word", ["OPP", "CLEAR", "TLS", "AUTH / TLS", "NEXT:OPP"])
def test_mandatory_dane_never_permits_delivery_without_authentication(tmp_path: Path, word: str) -> None:
    text = GOOD.replace('mandatory = "AUTH"', f'mandatory = "{word}"')
    _, errors = read_file(write(tmp_path, some=text) / "some.toml")
    assert [error.key for error in errors] == ["expect.mandatory"]
    assert "mandatory DANE never permits" in str(errors[0])


def test_mandatory_dane_may_be_waived_by_the_administrator_or_the_message(tmp_path: Path) -> None:
    text = GOOD.replace('mandatory = "AUTH"', 'mandatory = "TLS"')
    for waiver in ("[route]\ndisabled = true", "[message]\nheaders = ['TLS-Required: No']"):
        assert read_file(write(tmp_path, some=f"{text}\n{waiver}\n") / "some.toml")[1] == ()


def test_a_sender_without_dane_authenticates_nothing(tmp_path: Path) -> None:
    text = GOOD.replace('unaware = "OPP"', 'unaware = "OPP / AUTH"')
    _, errors = read_file(write(tmp_path, some=text) / "some.toml")
    assert [error.key for error in errors] == ["expect.unaware"]


def test_an_outcome_at_a_host_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    text = GOOD.replace('opportunistic = "AUTH"', 'opportunistic = "AUTH@mx2"')
    _, errors = read_file(write(tmp_path, some=text) / "some.toml")
    assert [(error.key, error.remedy) for error in errors] == [("expect.opportunistic", "did you mean 'mx1'?")]


def test_changes_add_up_from_step_to_step(tmp_path: Path) -> None:
    lines = (
        "[[steps]]\nsend = ['domain']\n"
        "[[steps]]\n[steps.change.zones.domain]\nttl = 7\n"
        "[[steps]]\n[steps.change.zones.domain]\nsigned = false\n"
    )
    entries, errors = read_file(write(tmp_path, some=f"{GOOD}\n{lines}") / "some.toml")
    assert errors == ()
    seen = [
        (stage.step, zone.ttl if (zone := stage.scenario.zones.get("domain")) else None, zone and zone.signed)
        for stage in stages(entries[0].scenario)
    ]
    assert seen == [(None, None, None), (1, 7, True), (2, 7, False)]
