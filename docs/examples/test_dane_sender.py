"""Ten lines that find out whether a sender keeps mail back where it has to, and sends it where it may."""

import pytest
from dane_sender import NotSentError, send


def deliver(lab, message):
    send(message, resolver=lab.resolver, port=lab.smtp_port)


@pytest.mark.danelab("ee-mismatch", "starttls-stripped", "tlsa-servfail", "ee-wrong-name")
def test_dane(danelab):
    danelab.judge(send=deliver, refuses=(NotSentError, OSError))
