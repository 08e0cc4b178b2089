"""In namespaces of its own: a target that dies of one message, hangs at another, and is killed; what is said of each.

Arguments: the definition, and names of messages, all sent at once. At a name `kill` everything stops until all messages
before it are decided, but for those that are `silent`; then the target is killed, and the messages after it are sent.

Prints, as JSON, the status of each message by its name, and what was told of deaths.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from harness.isolation import links
from harness.targets import Mail
from harness.targets.definition import load
from harness.targets.managed import Managed
from harness.targets.place import Place


def _mail(name: str) -> Mail:
    return Mail(
        id=name,
        scenario=name,
        sender="postmaster@sender.example",
        recipients=(f"user@{name}.example",),
        text=f"Subject: x\r\nMessage-ID: <{name}@sender.example>\r\n\r\nx\r\n",
    )


async def _status(target: Managed, name: str) -> str:
    (word,) = await target.send(_mail(name))
    return str(word.status)


async def _kill(target: Managed, died: list[tuple[str, str]]) -> None:
    """By process id in the cell, as anything else on the machine could do it; returns when it has been noticed."""
    pid = int(target.file("/var/run/pid").read_text(encoding="ascii"))
    told = len(died)
    await target.jail.signal(pid, signal.SIGKILL)
    while len(died) == told:
        await asyncio.sleep(0.01)


async def _main(file: Path, names: list[str]) -> None:
    links.loopback_up()
    died: list[tuple[str, str]] = []
    place = Place(
        wire=links.Wire(number=0),
        prefix=None,
        webpki="",
        host_name="mta.sender.example",
        sender_domain="sender.example",
        died=lambda reason, mail: died.append((reason, mail.id if mail else "")),
    )
    async with Managed(load(file), "off", place) as target:
        sending: dict[str, asyncio.Task[str]] = {}
        for name in names:
            if name == "kill":
                await asyncio.gather(*(task for key, task in sending.items() if "silent" not in key))
                await _kill(target, died)
            else:
                sending[name] = asyncio.create_task(_status(target, name))
        found = {name: await task for name, task in sending.items()}
    print(json.dumps({"words": found, "died": died}))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2:]))
