"""In namespaces of its own: one lab, several mail servers one after another, each sending to a good host and to an
impostor.

Arguments: targets, as `postfix:dane`. Prints, as JSON, what became of both messages: what the target says, and whether
the lab has them. A target that cannot be had here has a reason in place of that.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from cryptography.hazmat.primitives.serialization import Encoding

from harness.isolation import links
from harness.journal import Accepted, Connected
from harness.lab.namespace import NamespaceLab
from harness.lab.recorder import Recorder
from harness.run.letters import letter
from harness.scenario.suite import load_suite
from harness.targets.apt import Unavailable
from harness.targets.definition import find
from harness.targets.managed import Managed
from harness.targets.place import Place
from harness.targets.provision import trees

SCENARIOS = ("ee-311", "ee-mismatch")
_AT_ONCE = 2


async def _main(names: list[str]) -> None:
    links.loopback_up()
    links.make_local(*links.BLOCKS)
    suite, recorder = load_suite(), Recorder()
    entries = [suite[key] for key in SCENARIOS]
    given = [(entry.scenario, str(entry.file)) for entry in entries]
    places = asyncio.Semaphore(_AT_ONCE)
    async with NamespaceLab(given, recorder=recorder, seed="mtas", now=int(time.time())) as lab:
        webpki = lab.internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode()

        async def one(number: int, name: str) -> dict[str, object]:
            definition, mode = find(name)
            try:
                found = trees(definition)
            except Unavailable as problem:
                return {"reason": problem.reason}
            place = Place(
                wire=links.Wire(number=number),
                prefix=found[0] if found else None,
                libraries=found[1:],
                webpki=webpki,
                host_name=f"mta.{lab.internet.sender_domain}",
                sender_domain=lab.internet.sender_domain,
                died=lambda reason, _: deaths.append(reason),
            )
            deaths: list[str] = []
            told: dict[str, object] = {}
            async with places, Managed(definition, mode, place) as target:
                for entry in entries:
                    world = lab.internet.world(entry.id)
                    mail = letter(entry.scenario, world, recipients=(world.recipient,), number=1, sender=lab.sender)
                    (word,) = await target.send(mail)
                    told[entry.id] = [word.status, word.reason]
            clients = {each.session: each.client for each in recorder.events if isinstance(each, Connected)}
            mine = (place.wire.cell_ipv4, place.wire.cell_ipv6)
            taken = [each for each in recorder.events if isinstance(each, Accepted) and clients[each.session] in mine]
            return {"words": told, "taken": [each.scenario for each in taken], "died": deaths}

        told = await asyncio.gather(*(one(*each) for each in enumerate(names)))
    print(json.dumps(dict(zip(names, told, strict=True))))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
