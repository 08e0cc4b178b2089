"""The capture's file format, block by block."""

from __future__ import annotations

from pathlib import Path

from harness.lab import pcapng
from harness.lab.capture import put_keys
from tests.support.captures import blocks, keys, packets

KEYS = b"CLIENT_RANDOM 00 11\n"


def test_packets_stand_in_the_file_with_their_time_and_interface(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    seen = [(b"abc", 0, 1_700_000_000_123_456_789), (b"abcd", 1, 5), (b"", 0, 1 << 40)]
    parts = [pcapng.section(), pcapng.interface("lo"), pcapng.interface("cell0")]
    file.write_bytes(b"".join(parts) + b"".join(pcapng.packet(data, interface=on, at=at) for data, on, at in seen))
    assert packets(file) == seen
    assert keys(file) == b""


def test_keys_come_in_front_of_the_packets_that_they_open(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    packet = pcapng.packet(b"abc", interface=0, at=5)
    file.write_bytes(pcapng.section() + pcapng.interface("lo") + packet)
    put_keys(file, KEYS)
    assert [kind for kind, _ in blocks(file)] == [0x0A0D0D0A, 10, 1, 6]
    assert keys(file) == KEYS
    assert packets(file) == [(b"abc", 0, 5)]
    assert list(tmp_path.iterdir()) == [file]


def test_without_keys_the_file_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    file.write_bytes(pcapng.section())
    put_keys(file, b"")
    assert file.read_bytes() == pcapng.section()
