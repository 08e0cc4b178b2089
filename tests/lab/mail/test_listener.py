"""One listener for all: who is meant, who is not there, many at once, and how it ends."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from harness.errors import UsageError
from harness.journal import Accepted, Connected, Handshake, Left
from harness.lab.mail import MailHosts
from harness.lab.recorder import Recorder
from harness.scenario.mailhosts import Smtp, Tcp

from .kit import Client, Lab, lab, run, server, talk, trusting

pytestmark = pytest.mark.loopback


def test_the_address_that_was_called_says_which_server_is_meant() -> None:
    one = server(scenario="one", host="mx.one.example")
    two = server(scenario="two", key="mx2", host="mx.two.example")

    async def main() -> Lab:
        async with lab(one, two) as running:
            for address, name in (("127.5.0.1", "mx.one.example"), ("127.5.0.2", "mx.two.example")):
                assert await talk(running, Client.reply, address=address) == f"220 {name} ESMTP"
        return running

    connected = run(main).all(Connected)
    assert [(e.scenario, e.server, e.address) for e in connected] == [
        ("one", "mx1", "127.5.0.1"),
        ("two", "mx2", "127.5.0.2"),
    ]
    assert connected[0].session != connected[1].session


def test_an_address_without_a_server_is_closed_at_once_and_not_recorded() -> None:
    async def main() -> Lab:
        async with lab(server()) as running:

            def conversation() -> bytes:
                with socket.create_connection(("127.5.0.99", running.hosts.port), timeout=20) as sock:
                    try:
                        return sock.recv(10)
                    except ConnectionResetError:
                        return b""

            assert await asyncio.to_thread(conversation) == b""
        return running

    assert run(main).recorder.events == []


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_is_served_on_the_same_port() -> None:
    async def main() -> str:
        recorder = Recorder()
        async with MailHosts({"::1": server()}.get, recorder) as hosts:

            def greet() -> str:
                with Client(hosts.port, address="::1") as client:
                    return client.reply()

            return await asyncio.to_thread(greet)

    assert run(main) == "220 mx1.test.example ESMTP"


def test_given_addresses_have_a_listener_each() -> None:
    async def main() -> None:
        book = {"127.5.0.1": server(host="a.example"), "127.5.0.2": server(host="b.example")}
        async with MailHosts(book.get, Recorder(), addresses=book) as hosts:
            for address, greeting in (("127.5.0.1", "220 a.example"), ("127.5.0.2", "220 b.example")):

                def greet(address: str = address) -> str:
                    with Client(hosts.port, address=address) as client:
                        return client.reply()

                assert (await asyncio.to_thread(greet)).startswith(greeting)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.5.0.3", hosts.port), timeout=20)

    run(main)


def test_a_refused_connection_is_reset_without_a_word() -> None:
    async def main() -> Lab:
        async with lab(server(tcp=Tcp.REFUSED)) as running:

            def call() -> None:
                with Client(running.hosts.port) as client:
                    client.reply()

            with pytest.raises(ConnectionResetError):
                await asyncio.to_thread(call)
            while not running.all(Left):
                await asyncio.sleep(0.001)
        return running

    running = run(main)
    assert running.dialogue() == []
    assert (running.one(Left).after, running.one(Left).by) == ("connect", "server")


def test_a_black_hole_is_silent_until_the_lab_ends_it() -> None:
    async def main() -> Lab:
        async with lab(server(tcp=Tcp.BLACKHOLE, smtp=Smtp(hang_limit="50ms"))) as running:

            def conversation(client: Client) -> None:
                client.send(b"EHLO c\r\n")
                assert client.reply() == ""

            await talk(running, conversation)
        return running

    running = run(main)
    assert running.dialogue() == []
    assert running.one(Left).by == "server"


def test_a_port_in_use_is_told_with_a_remedy() -> None:
    async def main() -> None:
        async with lab(server()) as running:
            with pytest.raises(UsageError, match=f"port {running.hosts.port} is in use.*another port"):
                await MailHosts(lambda _: None, Recorder(), port=running.hosts.port).__aenter__()

    run(main)


@pytest.mark.parametrize("manners", [Smtp(), Smtp(mail_reply="250 ok")], ids=["polite", "rude"])
def test_five_hundred_sessions_at_once_all_deliver(manners: Smtp) -> None:
    count = 500

    async def session(port: int, gate: asyncio.Barrier) -> None:
        reader, writer = await asyncio.open_connection("127.5.0.1", port)

        async def say(line: bytes) -> bytes:
            writer.write(line + b"\r\n")
            reply = await reader.readline()
            while reply[3:4] == b"-":
                reply = await reader.readline()
            return reply

        await reader.readline()
        await say(b"EHLO c")
        await say(b"STARTTLS")
        await gate.wait()
        await writer.start_tls(trusting())
        for line in (b"EHLO c", b"MAIL FROM:<a@s.example>", b"RCPT TO:<b@test.example>", b"DATA"):
            assert (await say(line))[:1] in b"23"
        assert (await say(b"hello\r\n.")).startswith(b"250")
        assert (await say(b"QUIT")).startswith(b"221")
        writer.close()

    async def main() -> Lab:
        async with lab(server(smtp=manners)) as running:
            gate = asyncio.Barrier(count)
            await asyncio.gather(*(session(running.hosts.port, gate) for _ in range(count)))
            while len(running.all(Left)) < count:
                await asyncio.sleep(0.01)
        return running

    running = run(main)
    assert len(running.all(Accepted)) == count
    assert all(e.completed for e in running.all(Handshake))


def test_leaving_ends_open_sessions_at_once_and_tells_them() -> None:
    async def main() -> Lab:
        clients: list[Client] = []
        async with lab(server(), server(smtp=Smtp(mail_reply="250 ok")), server(tcp=Tcp.BLACKHOLE)) as running:

            def open_all() -> None:
                for number in (1, 2):
                    client = Client(running.hosts.port, address=f"127.5.0.{number}")
                    client.starttls()
                    client.say("EHLO c")
                    client.say("MAIL FROM:<a@s.example>")
                    clients.append(client)
                clients.append(Client(running.hosts.port, address="127.5.0.3"))

            await asyncio.to_thread(open_all)
            while len(running.all(Connected)) < 3:
                await asyncio.sleep(0.001)
            before = time.monotonic()
        assert time.monotonic() - before < 5
        for client in clients:
            client.sock.close()
        return running

    assert [e.by for e in run(main).all(Left)] == ["server"] * 3


def test_when_the_world_changes_kept_connections_end_and_mail_under_way_goes_on() -> None:
    """`kept` has delivered and stays, `sending` is in the midst of a message, `opening` has only said EHLO."""

    async def main() -> Lab:
        old = [server(), server(), server(), server(scenario="other")]
        async with lab(*old) as running:
            hosts = [Client(running.hosts.port, address=f"127.5.0.{number}") for number in (1, 2, 3, 4)]
            kept, sending, opening, stranger = hosts

            def before() -> None:
                for client in (kept, stranger):
                    client.starttls()
                    client.deliver()
                sending.starttls()
                sending.say("EHLO c")
                sending.say("MAIL FROM:<a@s.example>")
                opening.reply()
                opening.say("EHLO c")

            def after() -> None:
                assert kept.rest() == b""
                assert sending.say("RCPT TO:<b@test.example>").startswith("250")
                for client in (sending, opening, stranger):
                    assert client.quit().startswith("221")

            await asyncio.to_thread(before)
            running.hosts.forget("test")
            await asyncio.to_thread(after)
            while len(running.all(Left)) < 4:
                await asyncio.sleep(0.001)
            for client in hosts:
                client.sock.close()
        return running

    running = run(main)
    assert [left.by for left in running.all(Left)].count("server") == 1
    assert (running.all(Left)[0].after, running.all(Left)[0].by) == ("message", "server")


def test_a_server_that_has_changed_is_read_anew() -> None:
    async def main() -> list[str]:
        book = {"127.5.0.1": server()}
        recorder = Recorder()
        async with MailHosts(book.get, recorder) as hosts:
            running = Lab(hosts, recorder)
            first = await talk(running, lambda client: client.reply())
            hosts.forget("test")
            book["127.5.0.1"] = server(smtp=Smtp(banner="220 changed"))
            second = await talk(running, lambda client: client.reply())
        return [first, second]

    assert run(main) == ["220 mx1.test.example ESMTP", "220 changed"]


def test_a_client_that_says_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.lab.mail.wire.IDLE_LIMIT", 0.05)

    def conversation(client: Client) -> None:
        client.reply()
        with pytest.raises(ConnectionResetError):
            client.reply()

    async def main() -> Lab:
        async with lab(server()) as running:
            await talk(running, conversation)
        return running

    assert run(main).one(Left).by == "server"


def test_uvloop_serves_the_same() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> Lab:
        async with lab(server(), server(smtp=Smtp(mail_reply="250 ok"))) as running:

            def conversation(client: Client) -> None:
                client.starttls()
                assert client.deliver().startswith("250")
                client.quit()

            for address in ("127.5.0.1", "127.5.0.2"):
                await talk(running, conversation, address=address)
        return running

    running: Lab = uvloop.run(main())
    assert [e.tls for e in running.all(Accepted)] == [True, True]
