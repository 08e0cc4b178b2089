"""Misbehaving servers: each manner as the client sees it, and as the journal tells it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

import pytest

from harness.journal import Accepted, Handshake, HarnessFault, Left, Revealed, Spoke
from harness.lab.mail import rude
from harness.scenario.mailhosts import After220, Role, Smtp

from .kit import MESSAGE, Client, Lab, lab, run, server, talk

pytestmark = pytest.mark.loopback


def held(smtp: Smtp, *conversations: Callable[[Client], None], role: Role = Role.GENUINE) -> Lab:
    """What the lab knows after these conversations, one after the other, with a server of these manners."""

    async def main() -> Lab:
        async with lab(server(smtp=smtp, role=role)) as running:
            for conversation in conversations:
                await talk(running, conversation)
        return running

    running = run(main)
    assert not running.all(HarnessFault)
    return running


def up_to_starttls(client: Client) -> None:
    client.reply()
    client.say("EHLO c")
    assert client.say("STARTTLS").startswith("220")


def after(running: Lab) -> tuple[str, str]:
    left = running.one(Left)
    return left.after, left.by


@pytest.mark.parametrize(
    ("smtp", "expected"),
    [
        (Smtp(), False),
        (Smtp(ehlo=("SIZE 1",), ehlo_tls=("SMTPUTF8",), starttls=False, banner="220 hello"), False),
        (Smtp(banner="554 go away"), True),
        (Smtp(starttls_keyword="XXXXXXXA"), True),
        (Smtp(rcpt_reply="451 later"), True),
        (Smtp(ehlo_tls=("CHUNKING",)), True),
    ],
)
def test_the_raw_protocol_serves_only_where_it_is_needed(smtp: Smtp, expected: bool) -> None:  # noqa: FBT001
    assert rude.needed(smtp) is expected


def test_a_mangled_starttls_keyword_stands_in_the_reply_and_starttls_still_works() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        assert client.say("EHLO c").endswith("250 XXXXXXXA")
        assert client.say("STARTTLS").startswith("220")
        client.handshake()
        assert client.deliver().startswith("250")
        client.quit()

    running = held(Smtp(starttls_keyword="XXXXXXXA"), conversation)
    assert running.one(Accepted).tls
    assert running.one(Accepted).text == MESSAGE.decode()


def test_a_stripped_starttls_is_not_offered_and_refused_and_mail_in_the_clear_is_taken() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        assert "STARTTLS" not in client.say("EHLO c")
        assert client.say("STARTTLS").startswith("502")
        assert client.deliver().startswith("250")

    running = held(Smtp(starttls=False, data_reply="250 taken"), conversation, role=Role.TAMPERED)
    assert (running.one(Accepted).tls, running.one(Accepted).role) == (False, "tampered")


def test_ehlo_is_refused_and_helo_accepted() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        assert client.say("EHLO c") == "502 not implemented"
        assert client.say("MAIL FROM:<a@s.example>").startswith("503")
        assert client.say("HELO c").startswith("250 ")
        assert client.say("MAIL FROM:<a@s.example>").startswith("250")

    running = held(Smtp(ehlo_reply="502 not implemented"), conversation)
    assert ("HELO", "250", False) in running.dialogue()


@pytest.mark.parametrize("reply", ["454 not now", "502 unknown", "554 never", "501 no"])
def test_starttls_refused_leaves_the_session_in_the_clear(reply: str) -> None:
    def conversation(client: Client) -> None:
        client.reply()
        assert "STARTTLS" in client.say("EHLO c")
        assert client.say("STARTTLS") == reply
        assert client.deliver().startswith("250")
        client.quit()

    running = held(Smtp(starttls_reply=reply), conversation)
    assert not running.one(Accepted).tls
    assert not running.all(Handshake)


def test_closed_after_the_220() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        assert client.rest() == b""

    running = held(Smtp(after_220=After220.CLOSE), conversation)
    assert after(running) == ("STARTTLS", "server")


def test_silence_after_the_220_is_ended_by_the_lab() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        with pytest.raises(OSError):  # noqa: PT011
            client.handshake()

    running = held(Smtp(after_220=After220.HANG, hang_limit="50ms"), conversation)
    assert running.one(Handshake).error == "the server said nothing more"
    assert after(running) == ("handshake", "server")


def test_a_client_that_tires_of_silence_has_left_by_itself() -> None:
    running = held(Smtp(after_220=After220.HANG, hang_limit="1h"), up_to_starttls)
    assert after(running) == ("STARTTLS", "client")


def test_plain_text_stands_in_place_of_the_server_hello() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version.number"):
            client.handshake(sni="mx1.test.example")

    running = held(Smtp(after_220=After220.GARBAGE), conversation)
    handshake = running.one(Handshake)
    assert (handshake.completed, handshake.sni) == (False, "mx1.test.example")
    assert handshake.error == "the server sent plain text"


def test_a_fatal_alert_stands_in_place_of_the_server_hello() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        with pytest.raises(ssl.SSLError, match=r"(?i)alert.handshake.failure"):
            client.handshake()

    running = held(Smtp(after_220=After220.ALERT), conversation)
    assert running.one(Handshake).error == "the server sent an alert"
    assert after(running) == ("handshake", "server")


def test_the_connection_is_reset_once_the_client_hello_has_come() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        with pytest.raises(ConnectionResetError):
            client.handshake()

    running = held(Smtp(after_220=After220.RESET), conversation)
    assert running.one(Handshake).error == "the server reset the connection"


def test_back_to_plain_text_after_the_handshake() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        client.handshake()
        client.send(b"EHLO c\r\n")
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version.number|record"):
            client.reply()

    running = held(Smtp(after_220=After220.PLAINTEXT), conversation)
    assert running.all(Handshake)[0].completed
    assert running.dialogue()[-1] == ("EHLO", "250", True)


def test_a_client_that_follows_into_plain_text_is_seen_doing_it() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        raw = client.sock.dup()
        client.handshake()
        raw.settimeout(20)
        raw.sendall(b"EHLO c\r\nMAIL FROM:<a@s.example>\r\n")
        data = b""
        while b"250 2.1.0" not in data:
            data += raw.recv(4096)
        raw.close()

    running = held(Smtp(after_220=After220.PLAINTEXT), conversation)
    assert [(e.value, e.tls) for e in running.all(Revealed)] == [("a@s.example", False)]


def test_the_handshake_waits_and_what_comes_meanwhile_is_kept_for_it() -> None:
    def conversation(client: Client) -> None:
        up_to_starttls(client)
        before = time.monotonic()
        client.handshake()
        assert time.monotonic() - before > 0.05
        assert client.deliver().startswith("250")

    assert held(Smtp(delay_handshake="100ms"), conversation).one(Accepted).tls


def test_injected_lines_leave_in_one_segment_with_the_220() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        client.say("EHLO c")
        client.send(b"STARTTLS\r\n")
        assert client.sock.recv(4096) == b"220 ready\r\n250-evil\r\n250 SIZE 10\r\n"
        client.handshake()
        assert "evil" not in client.say("EHLO c")

    running = held(Smtp(inject=("250-evil", "250 SIZE 10")), conversation)
    assert ("STARTTLS", "220", False) in running.dialogue()


def test_a_reset_follows_the_ehlo_reply() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        assert "STARTTLS" in client.say("EHLO c")
        with pytest.raises(ConnectionResetError):
            client.reply()

    assert after(held(Smtp(reset_after_ehlo=True), conversation)) == ("EHLO", "server")


def test_the_lines_of_the_ehlo_reply_leave_in_a_packet_each() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        client.send(b"EHLO c\r\nNOOP\r\n")
        first = client.sock.recv(4096)
        assert first == b"250-mx1.test.example\r\n"
        rest = b""
        while b"250 2.0.0 OK" not in rest:
            rest += client.sock.recv(4096)
        assert rest.endswith(b"250 STARTTLS\r\n250 2.0.0 OK\r\n")

    running = held(Smtp(ehlo_line_by_line=True), conversation)
    assert running.dialogue()[1:] == [("EHLO", "250", False), ("NOOP", "250", False)]


def test_mail_refused_reveals_the_sender() -> None:
    def conversation(client: Client) -> None:
        client.starttls()
        client.say("EHLO c")
        client.send(b"MAIL FROM:<a@s.example>\r\nRCPT TO:<b@test.example>\r\nDATA\r\n")
        assert [client.reply()[:3] for _ in range(3)] == ["451", "503", "503"]
        client.quit()

    running = held(Smtp(mail_reply="451 later"), conversation)
    assert [(e.what, e.value, e.tls) for e in running.all(Revealed)] == [
        ("sender", "a@s.example", True),
        ("recipient", "b@test.example", True),
    ]


def test_a_refused_recipient_is_revealed() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        client.say("EHLO c")
        client.say("MAIL FROM:<a@s.example>")
        assert client.say("RCPT TO:<b@test.example>") == "550 no such user"
        assert client.say("DATA").startswith("503")

    running = held(Smtp(rcpt_reply="550 no such user"), conversation)
    assert [e.what for e in running.all(Revealed)] == ["sender", "recipient"]


def test_a_message_refused_at_its_end_is_revealed_and_not_accepted() -> None:
    running = held(Smtp(data_reply="451 disk full"), lambda client: (client.starttls(), client.deliver(), None)[2])
    assert not running.all(Accepted)
    assert [(e.what, e.tls) for e in running.all(Revealed)] == [("sender", True), ("recipient", True), ("text", True)]
    assert (".", "451", True) in running.dialogue()


def test_a_421_ends_the_session() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        client.say("EHLO c")
        assert client.say("MAIL FROM:<a@s.example>") == "421 closing"
        assert client.rest() == b""

    assert after(held(Smtp(mail_reply="421 closing"), conversation)) == ("MAIL", "server")


def test_the_line_is_cut_within_the_message_without_close_notify() -> None:
    def conversation(client: Client) -> None:
        client.starttls()
        client.say("EHLO c")
        client.say("MAIL FROM:<a@s.example>")
        client.say("RCPT TO:<b@test.example>")
        client.say("DATA")
        client.send(b"Subject: half\r\n")
        with pytest.raises(OSError):  # noqa: PT011 (end of file without close_notify, or a reset)
            assert client.sock.recv(10) == b"", "close_notify would end the stream in good order"

    running = held(Smtp(cut_in_data=True), conversation)
    assert after(running) == ("DATA", "server")
    assert [e.value for e in running.all(Revealed)] == ["a@s.example", "b@test.example", "Subject: half\r\n"]


def test_a_message_in_cleartext_is_not_cut() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        assert client.deliver().startswith("250")
        client.quit()

    running = held(Smtp(cut_in_data=True), conversation)
    assert (running.one(Accepted).tls, running.one(Left).by) == (False, "client")


def test_what_is_sent_before_a_reply_is_told_of_its_command() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        client.say("EHLO c")
        client.send(b"MAIL FROM:<a@s.example>\r\nRCPT TO:<b@test.example>\r\n")
        assert [client.reply()[:3] for _ in range(2)] == ["250", "250"]
        client.send(b"BDAT 3\r\nx\r\nBDAT 0 LAST\r\n")
        assert [client.reply()[:3] for _ in range(2)] == ["250", "250"]
        client.send(b"QUIT\r\n")
        client.rest()

    running = held(Smtp(ehlo=("CHUNKING",)), conversation)
    assert [e.command.partition(" ")[0] for e in running.all(Spoke) if e.ahead] == ["MAIL"]


def test_a_banner_other_than_220_ends_the_session() -> None:
    def conversation(client: Client) -> None:
        assert client.rest() == b"554 no service\r\n"

    running = held(Smtp(banner="554 no service"), conversation)
    assert after(running) == ("connect", "server")
    assert running.one(Spoke).reply == "554 no service"


def test_the_first_sessions_are_greeted_differently() -> None:
    greetings: list[str] = []
    conversation = lambda client: greetings.append(client.reply())  # noqa: E731
    held(Smtp(first_banner="421 come back later", first_sessions=2), *[conversation] * 3)
    assert [greeting[:3] for greeting in greetings] == ["421", "421", "220"]


def test_starttls_is_offered_only_after_a_try_in_the_clear() -> None:
    def looks(client: Client) -> None:
        client.reply()
        offers.append("STARTTLS" in client.say("EHLO c"))

    def tries(client: Client) -> None:
        looks(client)
        client.say("MAIL FROM:<a@s.example>")

    offers: list[bool] = []
    held(Smtp(starttls_after_cleartext=True), looks, tries, looks)
    assert offers == [False, False, True]


def test_starttls_is_offered_inside_tls_and_refused() -> None:
    def conversation(client: Client) -> None:
        client.starttls()
        assert "STARTTLS" in client.say("EHLO c")
        assert client.say("STARTTLS").startswith("503")

    assert ("STARTTLS", "503", True) in held(Smtp(starttls_again=True), conversation).dialogue()


def test_chunked_messages_are_taken() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        client.say("EHLO c")
        client.send(b"MAIL FROM:<a@s.example>\r\nRCPT TO:<b@test.example>\r\nBDAT 6\r\n.one\r\nBDAT 5 LAST\r\ntwo\r\n")
        assert [client.reply()[:3] for _ in range(4)] == ["250"] * 4

    running = held(Smtp(ehlo=("CHUNKING",)), conversation)
    assert running.one(Accepted).text == ".one\r\ntwo\r\n"


def test_empty_and_dotted_messages_arrive_as_they_were_meant() -> None:
    def conversation(client: Client) -> None:
        client.reply()
        for message in (b"", b".\r\n..\r\n"):
            assert client.deliver(message=message).startswith("250")

    running = held(Smtp(mail_reply="250 ok"), conversation)
    assert [e.text for e in running.all(Accepted)] == ["", ".\r\n..\r\n"]


def test_huge_messages_and_endless_lines_do_no_harm() -> None:
    def huge(client: Client) -> None:
        client.reply()
        assert client.deliver(message=(b"B" * 998 + b"\r\n") * 11_000).startswith("552")

    def endless(client: Client) -> None:
        client.reply()
        with pytest.raises(OSError):  # noqa: PT011 (reset, or broken pipe)
            client.send(b"A" * 65536 * 1000)

    running = held(Smtp(mail_reply="250 ok"), huge, endless)
    assert not running.all(Accepted)
