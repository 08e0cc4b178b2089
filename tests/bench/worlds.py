"""Bringing up worlds: how long until any number of them stand, and until the first answer.

`python -m tests.bench.worlds COUNT` does it once, in a process that has done nothing else, and prints JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from harness.lab.authority import Authority
from tests.bench import fake
from tests.bench.measure import CHECKOUT, SEED, Effort
from tests.bench.rows import Aim, Of, Row, compared, missing
from tests.support.processes import ServerFailed

SECTION = "Bringing up worlds (theirs: each worked out and signed beforehand)"
_AIMS = {10_000: Aim(at_most=0.2, of=Of.OURS, unit="s")}
_SAMPLE = 40
"""Worlds that are worked out to see what doing so for all would take."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds of processor time; nothing here waits, so they are those of the clock on a quiet machine."""

    standing: float
    """Until all worlds have their place."""
    first_answer: float
    """Until the first signed TLSA answer is packed, from the same beginning."""
    first_denial: float
    """For the first denial in `example.` alone, which holds all delegations."""
    eager: float
    """What it would take to work out and to sign all that is asked of all of them."""


def measure(effort: Effort) -> Iterator[Row]:
    """The times for each number of worlds, each in a fresh process."""
    taken: dict[int, list[Times]] = {count: [] for count in effort.worlds}
    try:
        for _ in range(effort.rounds):
            for count in effort.worlds:
                taken[count].append(_in_fresh_process(count))
    except (ServerFailed, subprocess.SubprocessError) as problem:
        yield missing(SECTION, "all", reason=str(problem))
        return
    for count, times in taken.items():
        eager = [each.eager for each in times]
        standing = [each.standing for each in times]
        yield compared(SECTION, f"{count:,} worlds", ours=standing, theirs=eager, unit="s", aim=_AIMS.get(count))
        answer = [each.first_answer for each in times]
        yield compared(SECTION, "  until the first answer", ours=answer, theirs=eager, unit="s")
    denial = [each.first_denial for each in times]
    yield compared(SECTION, f"  first denial above {count:,}", ours=denial, theirs=eager, unit="s")


def _in_fresh_process(count: int) -> Times:
    command = [sys.executable, "-m", "tests.bench.worlds", str(count)]
    told = subprocess.run(
        command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False
    )
    if told.returncode != 0:
        ending = told.stderr.decode(errors="replace").splitlines()[-1:]
        raise ServerFailed(f"bringing up {count} worlds ended with status {told.returncode}: {' '.join(ending)}")
    return Times(**json.loads(told.stdout))


def bring_up(count: int) -> Times:
    """Do it here and now."""
    scenarios = fake.scenarios(count)
    now = int(time.time())
    began = time.process_time()
    internet = fake.internet(scenarios, seed=SEED, now=now)
    standing = time.process_time() - began
    authority = Authority(internet, None)
    _ask(authority, f"_25._tcp.mx1.{scenarios[-1].id}.example", "TLSA")
    first_answer = time.process_time() - began
    began = time.process_time()
    _ask(authority, "nobody.example", "MX")
    first_denial = time.process_time() - began
    sample = scenarios[: min(count - 1, _SAMPLE)]
    began = time.process_time()
    for name, kind in fake.questions(sample):
        _ask(authority, name, kind)
    eager = standing + (time.process_time() - began) / len(sample) * count
    return Times(standing=standing, first_answer=first_answer, first_denial=first_denial, eager=eager)


def _ask(authority: Authority, name: str, kind: str) -> None:
    reply = authority.respond(fake.query(name, kind), "udp", "127.0.0.1", "127.0.0.1")
    assert reply is not None
    assert len(reply) > 100


if __name__ == "__main__":
    print(json.dumps(asdict(bring_up(int(sys.argv[1])))))
