"""Batches and the command line, in processes of their own."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from typing import Any

import pytest

from harness.sender import batch
from harness.sender.__main__ import Exit, main
from harness.sender.answer import Answer
from harness.sender.batch import read_job
from harness.sender.delivery import Sender, Settings
from harness.sender.policy import Mode
from harness.sender.rules import Rules

from .certificates import issue, server_context
from .loopback import Manners, Net, network

LEAF = issue("mx1.d.example", names=["mx1.d.example"])


class Broken(Rules):
    """Falls over one domain."""

    def destination_unknown(self, mx: Answer) -> bool:
        if mx.names[0] == "crash.example":
            raise RuntimeError("fell over")
        return super().destination_unknown(mx)


def job(ident: str, *recipients: str, **more: object) -> dict[str, object]:
    return {"id": ident, "sender": "me@s.example", "recipients": recipients, "message": "hi\n", **more}


async def results(net: Net, *lines: object, rules: Rules | None = None) -> dict[str, dict[str, Any]]:
    settings = Settings(resolver_address="127.0.0.1", resolver_port=net.resolver.port, port=net.port, reply_timeout=1.0)
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    written: list[str] = []
    sender = Sender(settings, rules=rules)
    await batch.run(sender, lines=io.BytesIO(text.encode()), write=written.append, concurrency=2)
    await sender.close()
    parsed = [json.loads(each) for each in written]
    return {f"{each['id']} {each['recipient']}".strip(): each for each in parsed}


@pytest.mark.loopback
def test_a_job_that_crashes_leaves_the_others_alone() -> None:
    async def body() -> None:
        async with network() as net:
            await net.host("127.0.0.2", Manners(context=server_context(LEAF)))
            net.domain("d.example", "127.0.0.2", tlsa=(LEAF.tlsa(3, 1, 1),))
            found = await results(
                net,
                job("1", "a@d.example", "b@crash.example"),
                "no json",
                '{"id": "x"}',
                job("2", "c@d.example", mode="mandatory"),
                job("3", "d@d.example\r\nDATA"),
                rules=Broken(),
            )
        assert found["1 a@d.example"]["status"] == "delivered"
        assert found["1 b@crash.example"]["status"] == "crashed"
        assert "RuntimeError: fell over" in found["1 b@crash.example"]["reason"]
        assert found["2 c@d.example"]["association"] == "3 1 1"
        assert found["x"]["status"] == "crashed"
        assert found["3 d@d.example\r\nDATA"]["status"] != "delivered"
        assert len(found) == 6

    asyncio.run(body())


@pytest.mark.loopback
def test_the_command_line_says_in_its_exit_code_what_became_of_the_message() -> None:
    async def sender(*arguments: str, text: str = "") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "harness.sender",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate(text.encode())
        assert process.returncode is not None
        return process.returncode, output.decode()

    async def body() -> None:
        async with network() as net:
            await net.host("127.0.0.2", Manners(context=server_context(LEAF)))
            net.domain("d.example", "127.0.0.2", tlsa=(LEAF.tlsa(3, 1, 1),))
            net.domain("e.example", "127.0.0.2", tlsa=(LEAF.tlsa(3, 0, 2)[:-1] + b"?",))
            net.resolver.fail("gone.example", "MX", rcode=3)
            common = ("--resolver", f"127.0.0.1:{net.resolver.port}", "--port", str(net.port))
            single, defer, bounce, many = await asyncio.gather(
                sender(*common, "me@s.example", "a@d.example", "-", text="hi\n"),
                sender(*common, "me@s.example", "a@e.example"),
                sender(*common, "me@s.example", "a@gone.example"),
                sender(
                    *common, "--batch", text="".join(json.dumps(job(str(n), "a@d.example")) + "\n" for n in range(9))
                ),
            )
        assert single[0] == Exit.OK
        assert "authenticated by 3 1 1" in single[1]
        assert (defer[0], bounce[0], many[0]) == (Exit.TEMPFAIL, Exit.UNAVAILABLE, Exit.OK)
        lines = [json.loads(each) for each in many[1].splitlines()]
        assert sorted(each["id"] for each in lines) == [str(n) for n in range(9)]
        assert {each["status"] for each in lines} == {"delivered"}
        assert set(lines[0]) == {
            "id",
            "recipient",
            "status",
            "host",
            "address",
            "tls",
            "authenticated",
            "association",
            "reason",
            "attempts",
        }

    asyncio.run(body())


@pytest.mark.parametrize(
    "arguments", [[], ["--resolver", "x"], ["--resolver", "127.0.0.1:53", "me@s.example"], ["--nonsense"]]
)
def test_a_wrong_command_line_exits_with_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == Exit.USAGE
    assert "usage:" in capsys.readouterr().err


def test_the_choices_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--choices"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["cn_fallback"] is False


def test_a_job_line_is_read_with_its_options() -> None:
    read = read_job(json.dumps(job("7", "a@d.example", mode="unaware", relay="[r.example]:26")))
    assert (read.id, read.recipients, read.mode) == ("7", ("a@d.example",), Mode.UNAWARE)
    assert (read.relay, read.fallback_relay, read.message) == ("[r.example]:26", None, b"hi\n")


@pytest.mark.parametrize("line", ["[]", "{}", '{"id": 1, "colour": 2}', "x"])
def test_a_line_that_is_no_job_is_refused(line: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        read_job(line)
