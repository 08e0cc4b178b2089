"""A target that dies, is killed or hangs: noticed, started again, and only the message it broke at is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.isolation.launch import command_inside, passed_environment
from tests.isolation.inside import namespaces
from tests.support.fixtures import available
from tests.support.packages import Unavailable

pytestmark = pytest.mark.namespace

_LIMIT = 3.0
"""How long the targets here may take to decide, in seconds; deciding takes them a twentieth of one."""
_SYSTEM_PYTHON = "/usr/bin/python3"

_SERVICE = r'''
title = "Mortal"
default = "off"
rootless = "plain"
[modes.off]
mode = "unaware"
[service]
argv = ["PYTHON", "/opt/serve.py"]
ready_port = 2525
[submit]
port = 2525
at_once = 8
[observe]
source = "file"
file = "/var/log/mortal.log"
limit = LIMIT
tokens = '^took (?P<token>\S+) (?P<message>\S+)'
spooled = "/var/spool/mortal/{token}"
lines = [{ pattern = '^(?P<recipient>\S+) sent', status = "delivered" }]
[files]
"/var/spool/mortal/.keep" = ""
"/opt/serve.py" = """
import os, signal, socketserver, time
open("/var/run/pid", "w").write(str(os.getpid()))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)

def log(line):
    with open("/var/log/mortal.log", "a") as file:
        file.write(line + "\\n")

def deliver(to):
    time.sleep(0.05)
    if "deadly" in to:
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(1000)
    if "silent" not in to:
        log(to + " sent")

def deliver_apart(to):
    # Twice removed, as daemons deliver; the file stays open until the part that delivers ends.
    name = to.partition("@")[2].partition(".")[0]
    spooled = open("/var/spool/mortal/" + name + "-id", "w")
    log(f"took {name}-id {name}")
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.2)
            if "breaking" in to:
                os.kill(os.getpid(), signal.SIGSEGV)
            log(to + " sent")
        os._exit(0)
    spooled.close()

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda line: self.wfile.write(line.encode() + b"\\r\\n")
        say("220 mortal")
        to, data = "", False
        for line in self.rfile:
            line = line.decode().strip()
            if data and line == ".":
                say("250 taken")
                data = False
                (deliver_apart if "apart" in to else deliver)(to)
            elif not data:
                if line.startswith("RCPT"):
                    to = line.partition("<")[2].rstrip(">")
                data = line == "DATA"
                say("354 go on" if data else "250 ok")

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    def handle_error(self, request, client_address):
        pass  # whoever looks whether it is ready leaves without a word

Server(("0.0.0.0", 2525), Handler).serve_forever()
"""
'''
_SCRIPT = "case $0 in *deadly*) kill -SEGV $$;; *silent*) sleep 1000 & sleep 1000;; esac; echo sent"
_ONE_SHOT = r"""
title = "Mortal"
default = "off"
rootless = "plain"
[modes.off]
mode = "unaware"
[submit]
argv = ["/bin/sh", "-c", "SCRIPT", "{recipient}"]
at_once = 3
[observe]
source = "output"
limit = LIMIT
lines = [{ pattern = 'sent', status = "delivered" }]
"""
ORDINARY = tuple(f"m{number}" for number in range(12))
DELIVERED = dict.fromkeys(ORDINARY, "delivered")


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    available(namespaces)


@pytest.fixture
def service() -> str:
    available(_system_python)
    return _SERVICE


def _system_python() -> None:
    if not Path(_SYSTEM_PYTHON).exists():
        raise Unavailable(f"no {_SYSTEM_PYTHON}, which alone is in the root of a target")


def _run(folder: Path, text: str, *names: str) -> dict[str, Any]:
    file = folder / "mortal.toml"
    for word, value in (("PYTHON", _SYSTEM_PYTHON), ("SCRIPT", _SCRIPT), ("LIMIT", str(_LIMIT))):
        text = text.replace(word, value)
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        command_inside([sys.executable, "-m", "tests.targets.mortal", str(file), *names]),
        env=passed_environment(),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_only_the_messages_that_a_service_dies_of_are_crashed(tmp_path: Path, service: str) -> None:
    found = _run(tmp_path, service, *ORDINARY[:3], "deadly1", *ORDINARY[3:7], "deadly2", *ORDINARY[7:])
    assert found["words"] == {**DELIVERED, "deadly1": "crashed", "deadly2": "crashed"}
    convicted = [message for reason, message in found["died"] if message]
    assert sorted(convicted) == ["deadly1", "deadly2"]
    assert {reason for reason, _ in found["died"]} == {"was ended by SIGSEGV"}


def test_a_service_that_is_killed_in_mid_run_is_started_again_and_the_rest_is_sent(
    tmp_path: Path, service: str
) -> None:
    found = _run(tmp_path, service, "silent", *ORDINARY[:6], "kill", *ORDINARY[6:])
    assert found["words"] == {**DELIVERED, "silent": "crashed"}
    assert found["died"] == [["was ended by SIGKILL", "silent"]]


def test_a_message_without_a_decision_is_cut_off_at_the_limit(tmp_path: Path, service: str) -> None:
    found = _run(tmp_path, service, "silent", *ORDINARY)
    assert found["words"] == {**DELIVERED, "silent": "timed-out"}
    assert found["died"] == []


def test_a_part_of_a_service_that_breaks_costs_the_message_that_it_left_in_the_spool(
    tmp_path: Path, service: str
) -> None:
    apart = {f"apart{number}": "delivered" for number in range(5)}
    found = _run(tmp_path, service, "apart-breaking", *apart, *ORDINARY)
    assert found["words"] == {**DELIVERED, **apart, "apart-breaking": "crashed"}
    assert found["died"] == [["a part of it was ended by SIGSEGV", "apart-breaking"]]


def test_a_program_that_crashes_or_hangs_costs_its_own_message_only(tmp_path: Path) -> None:
    found = _run(tmp_path, _ONE_SHOT, "deadly", "silent", *ORDINARY)
    assert found["words"] == {**DELIVERED, "deadly": "crashed", "silent": "timed-out"}
    assert found["died"] == [["sh was ended by SIGSEGV", "deadly"]]
