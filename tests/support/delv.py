"""BIND's delv as a judge of DNSSEC: one process for each question, so that nothing is remembered."""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import dns.rdatatype

from tests.support.findings import Finding, Question, Status, rdata_text
from tests.support.packages import Bundle, Program, program

_RECORD = re.compile(r"^(?P<owner>[^;\s]\S*)\s+\d+\s+CLASS1\s+TYPE(?P<number>\d+)\s+\\# \d+ ?(?P<hex>[0-9A-Fa-f ]*)$")
_FAILURE = re.compile(r"^;; resolution failed: (.*)$", re.MULTILINE)
_TRUST = re.compile(r"^; (?:negative response, )?(fully validated|unsigned answer|answer not validated)$", re.MULTILINE)
_BROKEN_PROOF = (
    "broken trust chain",
    "no valid",
    "failed to verify",
    "insecurity proof",
    "must be secure",
    "not insecure",
    "has expired",
    "has not begun",
)


@dataclass(frozen=True)
class Delv:
    """Runs delv against one server with our trust anchor.

    ``anchor`` is DS or DNSKEY records of the root as master-file text, one a line. The server may be a
    resolver, or an authority that has the whole tree and answers DS from the parent's side; delv asks it,
    and nobody else. Raises :class:`~tests.support.packages.Unavailable` when delv cannot be had.
    """

    anchor: str
    address: str
    port: int
    binary: Program | None = None

    async def find(self, questions: Iterable[Question], *, concurrency: int = 4, seconds: float = 3.0) -> list[Finding]:
        """A finding for each question, in order, ``concurrency`` processes at once.

        A process still at it after ``seconds`` is ended and its question failed: delv itself would wait
        some 10 s for a server that says nothing.
        """
        binary = self.binary or program("delv", bundle=Bundle.VALIDATORS)
        gate = asyncio.Semaphore(concurrency)
        with tempfile.TemporaryDirectory(prefix="danelab-delv-") as folder:
            anchor = Path(folder) / "anchor"
            anchor.write_text(bind_anchor(self.anchor), encoding="utf-8")

            async def one(question: Question) -> Finding:
                async with gate:
                    return await self._find(question, binary=binary, anchor=anchor, seconds=seconds)

            return list(await asyncio.gather(*(one(question) for question in questions)))

    async def _find(self, question: Question, *, binary: Program, anchor: Path, seconds: float) -> Finding:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            str(binary.path),
            *(f"@{self.address}", "-p", str(self.port), "-a", str(anchor), "+root=."),
            *("+nodnssec", "+unknownformat", "+nosplit", "-q", f"{question.key[0]}.", "-t", question.rdtype),
            env=binary.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(seconds):
                output, complaints = await process.communicate()
        except TimeoutError:
            why = f"delv was not done within {seconds} s"
            return Finding("delv", question, Status.FAILED, "", why=why, milliseconds=_since(began))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return read_output(
            output.decode("utf-8", "replace"),
            complaints=complaints.decode("utf-8", "replace"),
            question=question,
            milliseconds=_since(began),
        )


def read_output(output: str, *, complaints: str, question: Question, milliseconds: float = 0.0) -> Finding:
    """What delv printed (with +unknownformat) on its two streams, as a finding."""
    failure = (_FAILURE.findall(complaints) or [""])[-1]
    trust = set(_TRUST.findall(output))
    reasons = "; ".join(line.lstrip("; ") for line in complaints.splitlines() if line.strip())
    if failure and not failure.startswith("ncache"):
        broken = any(sign in failure for sign in _BROKEN_PROOF)
        status, rcode, why = Status.BOGUS if broken else Status.FAILED, "SERVFAIL", reasons
    elif not trust or "answer not validated" in trust:
        why = reasons or output.strip() or "delv said nothing"
        status, rcode = Status.FAILED, ""
    else:
        status, why = Status.INSECURE if "unsigned answer" in trust else Status.SECURE, ""
        rcode = "NXDOMAIN" if "nxdomain" in failure else "NOERROR"
    wanted = dns.rdatatype.from_text(question.rdtype)
    records = [found.groups() for line in output.splitlines() if (found := _RECORD.match(line))]
    aliases = [
        rdata_text(bytes.fromhex(data), rdtype="CNAME").lower()
        for _, number, data in records
        if int(number) == dns.rdatatype.CNAME != wanted
    ]
    return Finding(
        "delv",
        question,
        status,
        rcode,
        rdatas=tuple(sorted({bytes.fromhex(data) for _, number, data in records if int(number) == wanted})),
        aliases=tuple(aliases),
        why=why,
        milliseconds=milliseconds,
    )


def bind_anchor(anchor: str) -> str:
    """A ``trust-anchors`` clause as BIND wants it, from DS or DNSKEY records in master-file text."""
    entries = []
    for line in filter(None, map(str.strip, anchor.splitlines())):
        fields = line.split()
        kind = "DS" if "DS" in fields else "DNSKEY"
        first, second, third, *rest = fields[fields.index(kind) + 1 :]
        word = "static-ds" if kind == "DS" else "static-key"
        entries.append(f'    {fields[0]} {word} {first} {second} {third} "{"".join(rest)}";\n')
    return "trust-anchors {\n" + "".join(entries) + "};\n"


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
