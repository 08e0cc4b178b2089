"""`danelab run --capture`: every packet of the lab, and the keys that open it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.isolation.launch import possible
from harness.targets import named
from harness.verdict import Verdict
from tests.support.captures import keys, packets
from tests.support.fixtures import available
from tests.support.packages import Bundle, Program, Unavailable, program

from .danelab import Done, run

pytestmark = pytest.mark.namespace

SCENARIOS = ("ee-311", "none-clear", "evil-selfsigned", "ee-key-rsa-2048")


def ready(*targets: str) -> None:
    """Raises Unavailable where the machine cannot have what a capture needs."""
    if reason := possible():
        raise Unavailable(reason)
    for word in targets:
        named(word).fetch()


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Done:
    available(ready)
    done = run("-q", *SCENARIOS, "--capture", out=tmp_path_factory.mktemp("capture") / "out")
    assert done.status == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def tshark() -> Program:
    return available(program, "tshark", bundle=Bundle.TSHARK)


def read(tshark: Program, file: Path, show: str, *fields: str) -> list[str]:
    """The fields of the packets that the filter lets through, as tshark reads the file with no settings at all."""
    command = [str(tshark.path), "-n", "-r", str(file), "-Y", show, "-T", "fields", *(f"-e{each}" for each in fields)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=tshark.environment(), timeout=120)
    return done.stdout.splitlines()


def test_the_capture_changes_no_verdict_and_is_named(captured: Done) -> None:
    assert set(captured.verdicts().values()) == {Verdict.PASS}
    assert "capture.pcapng" in captured.words
    assert "keys.log" in captured.words


def test_packets_and_keys_are_there(captured: Done) -> None:
    file = captured.out / "capture.pcapng"
    found = [data for data, _, _ in packets(file)]
    assert any(b"STARTTLS\r\n" in data for data in found)
    assert any(b"Subject: danelab none-clear 1" in data for data in found)
    assert not any(b"Subject: danelab ee-311 1" in data for data in found)
    assert keys(file) == (captured.out / "keys.log").read_bytes()
    assert b"SERVER_TRAFFIC_SECRET_0 " in keys(file)


def test_no_packet_is_there_twice(captured: Done) -> None:
    syns = [data for data, _, _ in packets(captured.out / "capture.pcapng") if len(data) > 47 and data[23] == 6]
    begun = [data[26:38] for data in syns if data[47] & 0x12 == 0x02]
    assert len(begun) == len(set(begun)) > 0


def test_tshark_reads_the_messages_after_decryption(captured: Done, tshark: Program) -> None:
    file = captured.out / "capture.pcapng"
    assert sorted(read(tshark, file, "imf", "imf.subject")) == [
        "danelab ee-311 1", "danelab ee-key-rsa-2048 1", "danelab none-clear 1",
    ]  # fmt: skip
    assert sorted(read(tshark, file, "imf && tls", "imf.subject")) == ["danelab ee-311 1", "danelab ee-key-rsa-2048 1"]
    assert set(read(tshark, file, "dns.qry.type == 52", "dns.qry.type")) == {"52"}


def test_tshark_reads_what_was_said_to_the_labs_own_tls(tshark: Program, tmp_path: Path) -> None:
    available(ready)
    sender = f"{sys.executable} -m tests.run.raw_sender always {{sender}} {{recipient}} {{message}}"
    done = run("-q", "-t", f"command:{sender}", "ee-rpk", "--capture", out=tmp_path / "out")
    assert done.status == 0, done.stderr
    file = done.out / "capture.pcapng"
    assert read(tshark, file, "imf && tls", "imf.subject") == ["danelab ee-rpk 1"]
    assert read(tshark, file, "tls.handshake.type == 11", "tls.handshake.type") == ["2,8,11,15,20"]


def test_several_targets_have_a_file_each_with_their_own_packets(tshark: Program, tmp_path: Path) -> None:
    available(ready, "postfix:dane")
    done = run(
        "-q", "evil-selfsigned", "-t", "postfix:dane", "-t", "builtin:unaware", "--capture", out=tmp_path / "out"
    )
    safe, open_ = (done.out / f"capture-{name}.pcapng" for name in ("postfix-dane", "builtin-unaware"))
    assert read(tshark, safe, "imf", "imf.subject") == ["danelab ee-311 1"]
    assert sorted(read(tshark, open_, "imf", "imf.subject")) == ["danelab ee-311 1", "danelab evil-selfsigned 1"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--lab", "loopback"], "take --lab namespace"),
        (["--listen", "192.0.2.1", "-t", "manual"], "take --lab namespace"),
    ],
)
def test_others_packets_are_never_captured(arguments: list[str], problem: str, tmp_path: Path) -> None:
    done = run("-q", "ee-311", "--capture", *arguments, out=tmp_path / "out")
    assert done.status == 2
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1
