"""A cell: a root of its own, a network that leads to the lab only, programs that are heard and ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.isolation.inside import in_a_jail, inside

pytestmark = pytest.mark.namespace

OUTSIDE = "192.0.2.1"
"""An address that is nobody's (RFC 5737), and not of the lab's blocks."""


def test_nothing_sent_to_an_outside_address_leaves_the_namespace() -> None:
    told = inside(
        f"""
        import socket
        from harness.isolation import links
        links.loopback_up()
        links.make_local("198.18.0.0/15")
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as tried:
                tried.settimeout(2)
                try:
                    tried.connect(("{OUTSIDE}", 53))
                except OSError as error:
                    print(error.strerror)
        print(sorted(name for _, name in socket.if_nameindex()))
        """
    )
    assert told.splitlines()[:2] == ["Network is unreachable"] * 2
    assert "eth0" not in told


def test_what_a_target_sends_outside_ends_at_the_lab() -> None:
    told = in_a_jail(
        f"""
        code = "import socket; s = socket.socket(); s.settimeout(3); s.connect(('{OUTSIDE}', 25))"
        ended = await jail.run([sys.executable, "-c", code], inside=False)
        print(ended.status, ended.output.splitlines()[-1])
        """
    )
    assert told.startswith("1 ")
    assert "unreachable" in told or "timed out" in told


def test_the_private_root_is_private(tmp_path: Path) -> None:
    told = in_a_jail(
        """
        line = "cat /etc/own; id -un 0; echo x > /var/tmp/kept && echo written; touch /usr/x 2>/dev/null || echo no"
        print((await sh(line + "; ls -d " + sys.argv[1] + " 2>/dev/null || echo hidden; cat /etc/resolv.conf")).output)
        """,
        str(tmp_path),
    )
    resolver = ["nameserver", "203.0.113.0", "options", "edns0", "trust-ad"]
    assert told.split() == ["mineroot", "written", "no", "hidden", *resolver]
    assert not Path("/var/tmp/kept").exists()


def test_a_program_over_its_limit_is_ended_with_all_it_started() -> None:
    told = in_a_jail(
        """
        try:
            await sh("sleep 1000 & sleep 1000", limit=0.3)
        except TimeoutError:
            print("limit")
        await asyncio.sleep(0.2)
        print((await sh("ls /proc | grep -c '^[0-9]'")).output.strip())
        """
    )
    limit, processes = told.split()
    assert limit == "limit"
    assert int(processes) <= 5  # the cell, the shell and its two programs; not the sleepers


def test_log_lines_are_heard_before_the_end_of_the_program_that_wrote_them() -> None:
    told = in_a_jail(
        """
        for number in range(30):
            await jail.run(["/usr/bin/logger", f"line {number}"])
            assert heard and heard[-1].endswith(f"line {number}"), (number, heard[-1:])
        print(len(heard))
        """
    )
    assert told.split() == ["30"]


def test_the_end_of_a_daemon_is_told() -> None:
    told = in_a_jail(
        """
        said = await sh("setsid sh -c 'echo $$; exec sleep 1000' & sleep 0.1")
        pid = int(said.output.split()[0])
        await jail.signal(pid, 9)
        await asyncio.sleep(0.3)
        print((pid, -9) in gone)
        """
    )
    assert told.split() == ["True"]


def test_after_a_sweep_the_root_is_made_anew() -> None:
    told = in_a_jail(
        """
        program = await jail.start(["/usr/bin/sleep", "1000"])
        await sh("echo old > /var/old")
        await jail.sweep()
        print(await program.ended)
        scratch = SCRATCH / "cell"
        await jail.build(Root(at=scratch / "root", host_name="a.example", resolver="203.0.113.0"), files={})
        print((await sh("ls /var/old 2>/dev/null || echo new")).output.strip())
        """
    )
    assert told.split() == ["-9", "new"]
