"""Raises the lab in the namespaces it is started in, lets checkers look at some domains, prints what they found.

`python -m tests.targets.checking_run FOLDER CHECKER,... SCENARIO,...`; one JSON object a finding.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from harness.isolation import links
from harness.isolation.links import Wire
from harness.lab.namespace import NamespaceLab
from harness.lab.recorder import Recorder
from harness.scenario.suite import load_suite
from harness.targets.checker import Checker, CheckerPlace, fetched
from harness.targets.checker_definition import find_checker
from harness.targets.checker_subject import subject
from harness.world.addresses import BENCHMARKING


async def main(folder: Path, checkers: list[str], scenarios: list[str]) -> None:
    """Each checker looks at each scenario's recipient domain."""
    suite = load_suite()
    entries = [suite[name] for name in scenarios]
    worlds = [(entry.scenario, str(entry.file)) for entry in entries]
    async with NamespaceLab(worlds, recorder=Recorder(), seed="test", now=int(time.time())) as lab:
        for number, name in enumerate(checkers):
            definition = find_checker(name)
            place = CheckerPlace(
                wire=Wire(number=number),
                scratch=folder / name,
                parts=fetched(definition),
                webpki=lab.internet.around.webpki.certificate.public_bytes(Encoding.PEM).decode(),
                trust_anchor=lab.internet.trust_anchor(),
                root_hints=lab.internet.root_hints(),
                host_name="checker.sender.example",
            )
            async with Checker(definition, place) as checker:
                for entry in entries:
                    asked = subject(lab.internet, lab.internet.world(entry.id).recipient)
                    found = await checker.check(asked)
                    told = {"checker": name, "scenario": entry.id, "finding": found.finding, "text": found.text}
                    print(json.dumps({**told, "output": found.output}), flush=True)


if __name__ == "__main__":
    links.loopback_up()
    links.make_local(str(BENCHMARKING.ipv4), str(BENCHMARKING.ipv6))
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3].split(",")))
