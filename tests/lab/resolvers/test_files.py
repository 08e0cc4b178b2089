"""Root hints and trust anchor as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.lab.resolvers.files import RootFile, root_files, write_root_files
from harness.world.addresses import BENCHMARKING
from harness.world.internet import Internet
from tests.lab.resolvers import lives
from tests.support.packages import Program


@pytest.mark.validators
@pytest.mark.parametrize("name", [RootFile.DS, RootFile.DNSKEY, RootFile.KEY])
def test_unbound_validates_with_the_files(
    name: RootFile, unbound_program: Program, in_namespace: Callable[..., Any]
) -> None:
    assert unbound_program
    reply = in_namespace(lives.with_files, name)
    assert (reply.rcode, reply.authentic) == ("NOERROR", True)


@pytest.mark.validators
def test_delv_validates_with_the_bind_file(delv_program: Program, in_namespace: Callable[..., Any]) -> None:
    assert delv_program
    assert "; fully validated" in in_namespace(lives.delv_with_keys)


def test_files_are_written_under_their_names(tmp_path: Path) -> None:
    internet = Internet(seed="files", now=1_800_000_000, plan=BENCHMARKING)
    written = write_root_files(internet, tmp_path / "new")
    assert set(written) == set(RootFile)
    assert {file.name: file.read_text() for file in written.values()} == root_files(internet)
    assert all(text.endswith("\n") for text in root_files(internet).values())


def test_ds_and_dnskey_are_of_one_key() -> None:
    """Two libraries are of one mind about it."""
    import dns.dnssec
    import dns.name
    import dns.rrset

    texts = root_files(Internet(seed="files", now=1_800_000_000, plan=BENCHMARKING))
    key = dns.rrset.from_text(".", 3600, "IN", "DNSKEY", texts[RootFile.DNSKEY].split(None, 4)[4])[0]
    made = dns.dnssec.make_ds(dns.name.root, key, "SHA256")
    assert texts[RootFile.DS].split(None, 3)[3].lower().strip() == made.to_text().lower()
