"""Well-behaved servers: what a client sees, and what the journal keeps."""

from __future__ import annotations

import logging
import smtplib
import ssl
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes

from harness.errors import HarnessError
from harness.journal import Accepted, Connected, Handshake, HarnessFault, Left, Revealed, Spoke
from harness.lab.mail import polite
from harness.lab.mail.transcript import TEXT_KEPT
from harness.scenario.mailhosts import Role, Smtp
from harness.world.model import Credentials

from .kit import MESSAGE, Client, Lab, credentials, lab, run, server, talk, trusting

pytestmark = pytest.mark.loopback


def test_a_message_sent_with_starttls_is_accepted_and_every_step_is_recorded() -> None:
    shown = credentials()

    async def main() -> Lab:
        async with lab(server(shown=shown)) as running:

            def conversation(client: Client) -> None:
                client.starttls(sni="mx1.test.example")
                assert client.deliver().startswith("250")
                assert client.quit().startswith("221")

            await talk(running, conversation)
        return running

    running = run(main)
    assert [getattr(event, "kind", "") for event in running.recorder.events] == [
        "connected",
        *["spoke"] * 3,
        "handshake",
        *["spoke"] * 5,
        "accepted",
        "spoke",
        "left",
    ]
    assert {(e.scenario, e.target) for e in running.recorder.events} == {("test", "postfix")}
    assert len({getattr(event, "session", "") for event in running.recorder.events}) == 1
    connected = running.one(Connected)
    assert (connected.server, connected.address) == ("mx1", "127.5.0.1")
    handshake = running.one(Handshake)
    assert handshake.completed
    assert (handshake.sni, handshake.version) == ("mx1.test.example", "TLSv1.3")
    assert handshake.certificate == shown.chain[0].fingerprint(hashes.SHA256()).hex()
    assert handshake.cipher.startswith("TLS_")
    assert not handshake.error
    accepted = running.one(Accepted)
    assert (accepted.sender, accepted.recipients) == ("alice@sender.example", ("bob@test.example",))
    assert (accepted.role, accepted.tls, accepted.size) == ("genuine", True, len(MESSAGE))
    assert accepted.text == MESSAGE.decode()
    left = running.one(Left)
    assert (left.after, left.by) == ("QUIT", "client")
    assert running.dialogue() == [
        ("", "220", False),
        ("EHLO", "250", False),
        ("STARTTLS", "220", False),
        ("EHLO", "250", True),
        ("MAIL", "250", True),
        ("RCPT", "250", True),
        ("DATA", "354", True),
        (".", "250", True),
        ("QUIT", "221", True),
    ]


def test_smtplib_gets_on_with_it() -> None:
    async def main() -> Lab:
        async with lab(server()) as running:

            def conversation(_: Client) -> None:
                with smtplib.SMTP("127.5.0.1", running.hosts.port, timeout=20) as session:
                    session.starttls(context=trusting())
                    session.sendmail("a@s.example", ["b@test.example", "c@test.example"], "Subject: x\n\ny\n")

            await talk(running, conversation)
        return running

    assert run(main).one(Accepted).recipients == ("b@test.example", "c@test.example")


def test_keywords_and_banner_are_those_of_the_scenario_and_never_auth() -> None:
    smtp = Smtp(banner="220 {host} ready for mail", ehlo=("SIZE 100",), ehlo_tls=("SMTPUTF8", "REQUIRETLS"))

    async def main() -> Lab:
        async with lab(server(smtp=smtp)) as running:

            def conversation(client: Client) -> None:
                assert client.reply() == "220 mx1.test.example ready for mail"
                assert client.say("EHLO c") == "250-mx1.test.example\n250-SIZE 100\n250 STARTTLS"
                client.say("STARTTLS")
                client.handshake()
                assert client.say("EHLO c") == "250-mx1.test.example\n250-SMTPUTF8\n250 REQUIRETLS"
                assert client.say("STARTTLS").startswith("503")

            await talk(running, conversation)
        return running

    run(main)


def test_unusual_mail_parameters_are_taken_and_kept_in_the_journal() -> None:
    line = "MAIL FROM:<> SIZE=100 BODY=8BITMIME AUTH=<> RET=HDRS ENVID=QQ314159 REQUIRETLS MT-PRIORITY=3"

    async def main() -> Lab:
        async with lab(server()) as running:

            def conversation(client: Client) -> None:
                client.reply()
                client.say("EHLO c")
                assert client.say(line).startswith("250")
                assert client.say("RCPT TO:<@relay.example:b@test.example> NOTIFY=NEVER ORCPT=rfc822;b@x").startswith(
                    "250"
                )
                client.say("DATA")
                client.send(b"\xff" * 5000 + b"\r\n.\r\n")
                assert client.reply().startswith("250")

            await talk(running, conversation)
        return running

    running = run(main)
    assert line in {spoke.command for spoke in running.all(Spoke)}
    accepted = running.one(Accepted)
    assert (accepted.sender, accepted.recipients, accepted.tls) == ("", ("b@test.example",), False)
    assert (accepted.size, len(accepted.text)) == (5002, TEXT_KEPT)


def test_pipelined_commands_are_answered_in_one_go() -> None:
    async def main() -> Lab:
        async with lab(server(smtp=Smtp(starttls=False))) as running:

            def conversation(client: Client) -> None:
                client.reply()
                assert "STARTTLS" not in client.say("EHLO c")
                client.send(b"MAIL FROM:<a@s.example>\r\nRCPT TO:<b@test.example>\r\nDATA\r\n")
                assert [client.reply()[:3] for _ in range(3)] == ["250", "250", "354"]
                client.send(b"x\r\n.\r\nQUIT\r\n")
                assert [client.reply()[:3] for _ in range(2)] == ["250", "221"]

            await talk(running, conversation)
        return running

    running = run(main)
    assert running.one(Accepted).text == "x\r\n"
    assert [e.command.partition(" ")[0] for e in running.all(Spoke) if e.ahead] == ["MAIL", "RCPT", "."]


def test_what_an_attacker_passes_on_is_with_the_genuine_server_too_and_the_target_sees_none_of_it() -> None:
    async def main() -> Lab:
        async with lab(server(role=Role.IMPOSTOR, proxy_to="real", smtp=Smtp(starttls=False))) as running:

            def conversation(client: Client) -> None:
                client.reply()
                assert client.deliver().startswith("250")
                client.quit()

            await talk(running, conversation)
        return running

    running = run(main)
    taken, passed_on = running.all(Accepted)
    assert (taken.server, taken.role, taken.tls, taken.via) == ("mx1", "impostor", False, "")
    assert (passed_on.server, passed_on.role, passed_on.tls, passed_on.via) == ("real", "genuine", True, "mx1")
    assert (passed_on.sender, passed_on.recipients, passed_on.text) == (taken.sender, taken.recipients, taken.text)
    assert len(running.all(Connected)) == 1


def test_envelope_and_text_shown_without_acceptance_are_revealed() -> None:
    async def main() -> Lab:
        async with lab(server(role=Role.IMPOSTOR)) as running:

            def conversation(client: Client) -> None:
                client.reply()
                client.say("EHLO c")
                client.say("MAIL FROM:<a@s.example>")
                client.say("RCPT TO:<b@test.example>")
                client.say("DATA")
                client.send(b"Subject: secret\r\n")

            await talk(running, conversation)
        return running

    running = run(main)
    assert not running.all(Accepted)
    assert [(e.what, e.value, e.tls, e.role) for e in running.all(Revealed)] == [
        ("sender", "a@s.example", False, "impostor"),
        ("recipient", "b@test.example", False, "impostor"),
        ("text", "Subject: secret\r\n", False, "impostor"),
    ]
    assert (running.one(Left).after, running.one(Left).by) == ("DATA", "client")


def test_commands_sent_in_one_go_with_starttls_are_thrown_away() -> None:
    async def main() -> Lab:
        async with lab(server()) as running:

            def conversation(client: Client) -> None:
                client.reply()
                client.say("EHLO c")
                client.send(b"STARTTLS\r\nMAIL FROM:<early@s.example>\r\n")
                assert client.reply().startswith("220")
                client.handshake()
                assert client.say("RCPT TO:<b@test.example>").startswith("503")
                client.quit()

            await talk(running, conversation)
        return running

    running = run(main)
    assert ("MAIL", "", False) in running.dialogue()
    assert [e.value for e in running.all(Revealed)] == ["early@s.example", "b@test.example"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_rejected_certificate_is_told_by_its_alert_and_makes_no_noise(
    version: ssl.TLSVersion, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> Lab:
        async with lab(server()) as running:

            def conversation(client: Client) -> None:
                context = ssl.create_default_context()
                context.maximum_version = version
                with pytest.raises(ssl.SSLCertVerificationError):
                    client.starttls(context=context, sni="mx1.test.example")

            await talk(running, conversation)
        return running

    with caplog.at_level(logging.DEBUG):
        running = run(main)
    handshake = running.all(Handshake)[-1]
    assert handshake.error == "tlsv1 alert unknown ca"
    assert not handshake.completed
    assert (running.one(Left).after, running.one(Left).by) == ("handshake", "client")
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_client_that_completes_the_handshake_and_leaves_has_left_after_it() -> None:
    async def main() -> Lab:
        async with lab(server()) as running:
            await talk(running, lambda client: client.starttls().close())
        return running

    running = run(main)
    assert running.all(Handshake)[0].completed
    assert (running.one(Left).after, running.one(Left).by) == ("handshake", "client")
    assert running.dialogue()[-1] == ("STARTTLS", "220", False)


def test_an_error_of_ours_drops_the_connection_and_is_never_a_reply() -> None:
    def broken(_: str | None) -> Credentials:
        raise HarnessError("the world has no such key")

    async def main() -> Lab:
        async with lab(server(shown=broken)) as running:

            def conversation(client: Client) -> None:
                with pytest.raises(OSError):  # noqa: PT011 (reset, or end of file within the handshake)
                    client.starttls()

            await talk(running, conversation)
        return running

    running = run(main)
    assert "the world has no such key" in running.one(HarnessFault).problem
    assert running.one(HarnessFault).scenario == "test"
    assert {code[0] for _, code, _ in running.dialogue() if code} == {"2"}


def test_an_exception_inside_the_dialogue_is_our_fault_and_no_500(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> str:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(polite._Handler, "handle_DATA", fail)  # noqa: SLF001

    async def main() -> Lab:
        async with lab(server()) as running:

            def conversation(client: Client) -> None:
                client.starttls()
                with pytest.raises(OSError):  # noqa: PT011 (reset, or end of file within TLS)
                    client.deliver()

            await talk(running, conversation)
        return running

    running = run(main)
    assert "ZeroDivisionError: of all things" in running.one(HarnessFault).problem
    assert not running.all(Accepted)
    assert "500" not in {code for _, code, _ in running.dialogue()}
    assert running.one(Left).by == "server"


def test_lines_and_messages_beyond_the_limits_are_refused_and_hurt_nobody() -> None:
    async def main() -> Lab:
        async with lab(server()) as running:

            def conversation(client: Client) -> None:
                client.reply()
                client.send(b"A" * 300_000 + b"\r\n")
                assert client.reply().startswith("500")
                client.say("EHLO c")
                client.say("MAIL FROM:<a@s.example>")
                client.say("RCPT TO:<b@test.example>")
                client.say("DATA")
                block = (b"B" * 998 + b"\r\n") * 1000
                for _ in range(12):
                    client.send(block)
                client.send(b".\r\n")
                assert client.reply().startswith("552")

            await talk(running, conversation)
        return running

    running = run(main)
    assert not running.all(Accepted)
    assert not running.all(HarnessFault)


def test_binary_rubbish_is_answered_or_ended_but_never_a_fault() -> None:
    rubbish = bytes(range(256)) * 8 + b"\r\n"

    async def main() -> Lab:
        async with lab(server(), server(smtp=Smtp(mail_reply="250 ok"))) as running:
            for address in ("127.5.0.1", "127.5.0.2"):
                await talk(running, lambda client: client.send(rubbish), address=address)

                def in_the_place_of_a_hello(client: Client) -> None:
                    client.reply()
                    client.say("EHLO c")
                    client.say("STARTTLS")
                    client.send(b"MAIL FROM:<a@s.example>\r\n")
                    client.rest()

                await talk(running, in_the_place_of_a_hello, address=address)
        return running

    running = run(main)
    assert not running.all(HarnessFault)
    assert [e.error for e in running.all(Handshake)] == ["no TLS record"] * 2
    assert [e.value for e in running.all(Revealed)] == ["a@s.example"] * 2


def test_openssl_s_client_sees_a_server_it_understands() -> None:
    async def main() -> str:
        async with lab(server()) as running:
            port = running.hosts.port
            found: list[str] = []

            def conversation(_: Client) -> None:
                command = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.5.0.1:{port}", "-brief"]
                done = subprocess.run(
                    command, input="QUIT\r\n", capture_output=True, text=True, timeout=30, check=False
                )
                found.append(done.stderr + done.stdout)

            await talk(running, conversation)
        return found[0]

    assert "CONNECTION ESTABLISHED" in run(main)
