"""Each comparison program starts, is measured, and is gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import comparisons
from tests.support.processes import ServerFailed

pytestmark = pytest.mark.loopback
needs_programs = pytest.mark.usefixtures("comparison_programs")


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    path = tmp_path / "a.zone"
    path.write_text(
        "$ORIGIN a.example.\n$TTL 60\n@ IN SOA ns.a.example. h.a.example. 1 7200 3600 604800 60\n"
        "@ IN NS ns.a.example.\nns IN A 127.0.0.1\nwww IN A 198.51.100.1\n"
    )
    return path


@needs_programs
def test_nsd_serves_the_zone_and_dnsperf_measures_it(zone: Path) -> None:
    with comparisons.nsd({"a.example": zone}) as server:
        load = comparisons.dnsperf([("www.a.example", "A")], port=server.port, seconds=0.3, server=server)
    assert load.rcodes == {"NOERROR": load.completed}
    assert load.queries_per_second > 0
    assert load.server_cpu > 0
    assert server.server.process.returncode is not None


@needs_programs
def test_the_stock_dnslib_server_serves_the_zone(zone: Path) -> None:
    with comparisons.stock_dnslib(zone) as server:
        load = comparisons.dnsperf([("www.a.example", "A")], port=server.port, seconds=0.3, server=server)
    assert load.rcodes == {"NOERROR": load.completed}
    assert load.server_microseconds > 0


@needs_programs
def test_smtp_source_fills_smtp_sink() -> None:
    with comparisons.smtp_sink() as server:
        load = comparisons.smtp_source(port=server.port, messages=100, server=server)
    assert load.messages_per_second > 0


@needs_programs
def test_a_server_that_cannot_start_tells_why(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerFailed, match="nsd ended with status"),
        comparisons.nsd({"a..example": tmp_path / "none"}),
    ):
        pass


def test_an_output_without_statistics_is_an_error() -> None:
    with pytest.raises(ServerFailed, match="Queries per second"):
        comparisons.read_dnsperf("Error: unable to connect")
