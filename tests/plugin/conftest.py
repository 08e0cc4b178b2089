"""A folder of somebody's tests, run with the plugin as if danelab were installed for them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import dns.resolver  # noqa: F401 (what the inner test runs import stays imported from one to the next)
import pytest

import harness.library
import harness.run  # noqa: F401

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
INSTALLED = any(each.name == "danelab" for each in entry_points(group="pytest11"))
PLUGIN = (
    "-p",
    "danelab" if INSTALLED else "harness.pytest_plugin",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
)

Runs = Callable[..., pytest.RunResult]

SENDERS = '''
import smtplib
from dane_sender import NotSentError, send

def careful(lab, message):
    """Does DANE."""
    send(message, resolver=lab.resolver, port=lab.smtp_port)

def careless(lab, message):
    """Delivers to whoever is there."""
    from dane_sender import look_up
    domain = message.recipient.partition("@")[2]
    exchanges, _ = look_up(domain, "MX", resolver=lab.resolver)
    addresses, _ = look_up(str(min(exchanges).exchange), "A", resolver=lab.resolver)
    with smtplib.SMTP(str(addresses[0]), lab.smtp_port, timeout=10) as host:
        host.sendmail(message.sender, [message.recipient], message.octets)

def dead(lab, message):
    """Does nothing at all."""

def timid(lab, message):
    """Looks, and never sends."""
    from dane_sender import look_up
    look_up(message.recipient.partition("@")[2], "MX", resolver=lab.resolver)

REFUSES = (NotSentError, OSError)
'''


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Path:
    """With the example's sender, and a few others in `senders`."""
    (pytester.path / "dane_sender.py").write_text((EXAMPLES / "dane_sender.py").read_text(encoding="utf-8"))
    (pytester.path / "senders.py").write_text(SENDERS)
    pytester.makefile(".ini", pytest="[pytest]\nfilterwarnings = error\n")
    pytester.syspathinsert()
    return pytester.path


@pytest.fixture
def runs(pytester: pytest.Pytester, folder: Path) -> Runs:
    """Runs pytest in that folder."""
    assert folder == pytester.path
    return lambda *arguments: pytester.runpytest(*PLUGIN, *arguments)
