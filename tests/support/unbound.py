"""unbound as a judge of DNSSEC: with our trust anchor, no memory of failures, and little patience."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import dns.message

from tests.support.client import Client, Reply
from tests.support.findings import Finding, Question, Status, rdata_text
from tests.support.packages import Bundle, Program, program
from tests.support.processes import Server, ServerFailed, free_port
from tests.support.sources import Forwarding, Iterating

_VALIDATION_EDE = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 27})
"""RFC 8914 codes that speak of validation, and RFC 9276's about NSEC3 iterations."""

_COMPLAINT = re.compile(
    r"info: validation failure <(?P<name>\S+) (?P<rdtype>\S+) IN>:? ?(?P<why>.*)"
    r"|error: SERVFAIL <(?P<failed>\S+) (?P<failed_type>\S+) IN>:? ?(?P<failed_why>.*)"
)
_ATTEMPTS = 3

_SETTINGS = """
server:
    interface: {address}@{port}
    access-control: 127.0.0.0/8 allow
    access-control: 198.18.0.0/15 allow
    chroot: ""
    username: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    val-log-level: 2
    log-servfail: yes
    ede: yes
    num-threads: 1
    so-reuseport: no
    outgoing-range: 900
    num-queries-per-thread: 4096
    jostle-timeout: 2000
    do-ip6: {ip6}
    edns-buffer-size: 4096
    max-udp-size: 4096
    module-config: "validator iterator"
    trust-anchor-file: "{folder}/anchor"
    trust-anchor-signaling: no
    root-key-sentinel: no
    do-not-query-localhost: no
    local-zone: "example." transparent
    local-zone: "test." transparent
    local-zone: "127.in-addr.arpa." transparent
    local-zone: "18.198.in-addr.arpa." transparent
    unblock-lan-zones: yes
    insecure-lan-zones: no
    rrset-roundrobin: no
    minimal-responses: yes
    qname-minimisation: {qname_minimisation}
    target-fetch-policy: "0 0 0 0 0"
    cache-min-ttl: 0
    val-bogus-ttl: 0
    infra-host-ttl: 0
    infra-keep-probing: yes
    outbound-msg-retry: 2
    tcp-auth-query-timeout: 500
{extra}
remote-control:
    control-enable: no
"""

_NEWER_SETTINGS = (
    ((1, 20), "discard-timeout: 0"),  # a slow answer is still wanted
    ((1, 20), "wait-limit: 0"),  # all questions come from one address
)


class Unbound:
    """A running unbound, as a context manager; entering blocks for some 20 to 50 ms.

    ``anchor`` is DS or DNSKEY records of the root as master-file text, one a line. ``extra`` are further
    lines of the ``server:`` clause. Raises :class:`~tests.support.packages.Unavailable` when unbound cannot
    be had, :class:`~tests.support.processes.ServerFailed` when it does not start.
    """

    def __init__(
        self,
        anchor: str,
        *,
        source: Iterating | Forwarding,
        qname_minimisation: bool = True,
        ip6: bool = False,
        address: str = "127.0.0.1",
        port: int = 0,
        extra: Sequence[str] = (),
        binary: Program | None = None,
    ) -> None:
        self.address = address
        self.port = port
        self._wanted_port = port
        self._anchor = anchor
        self._source = source
        self._options = {"qname_minimisation": _yes(qname_minimisation), "ip6": _yes(ip6)}
        self._extra = tuple(extra)
        self._binary = binary
        self._server: Server | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Unbound:
        self._source.check()
        binary = self._binary or program("unbound", bundle=Bundle.VALIDATORS)
        self._scratch = tempfile.TemporaryDirectory(prefix="danelab-unbound-")
        try:
            self._server = self._start(binary, folder=Path(self._scratch.name))
        except BaseException:
            self._scratch.cleanup()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
        if self._scratch is not None:
            self._scratch.cleanup()

    @property
    def server(self) -> Server:
        """Its process."""
        assert self._server is not None, "unbound is not running"
        return self._server

    @property
    def log(self) -> str:
        """Everything it has said so far."""
        return self.server.log.read_text(encoding="utf-8", errors="replace")

    async def find(
        self, questions: Iterable[Question], *, concurrency: int = 50, seconds: float = 8.0
    ) -> list[Finding]:
        """A finding for each question, in order, ``concurrency`` in flight; ``seconds`` is for each question.

        What gets SERVFAIL is asked again with checking disabled, and the reason is read from the log.
        Questions that are never answered slow down others to the same server: a higher concurrency is not
        faster, and from some 300 on a slow server loses packets.
        """
        gate = asyncio.Semaphore(concurrency)
        async with Client((self.address, self.port)) as client:

            async def one(question: Question) -> Finding:
                async with gate:
                    return await self._find(question, client=client, seconds=seconds)

            found = await asyncio.gather(*(one(question) for question in questions))
        return self._with_reasons(found)

    async def _find(self, question: Question, *, client: Client, seconds: float) -> Finding:
        began = time.perf_counter()
        unchecked: Reply | None = None
        try:
            reply = await client.ask(question.name, rdtype=question.rdtype, seconds=seconds)
            if reply.rcode == "SERVFAIL":
                unchecked = await client.ask(
                    question.name, rdtype=question.rdtype, check_disabled=True, seconds=seconds
                )
        except (TimeoutError, OSError, asyncio.IncompleteReadError) as problem:
            why = f"unbound gave no answer within {seconds} s" if isinstance(problem, TimeoutError) else str(problem)
            return Finding("unbound", question, Status.FAILED, "", why=why, milliseconds=_since(began))
        records = reply.answer
        return Finding(
            "unbound",
            question,
            _status(reply, unchecked=unchecked),
            reply.rcode,
            rdatas=tuple(sorted({rdata for _, rdtype, rdata in records if rdtype == question.rdtype})),
            aliases=_aliases(reply, question=question),
            ede=tuple(code for code, _ in reply.ede),
            why="; ".join(f"EDE {code} {text}".rstrip() for code, text in reply.ede),
            milliseconds=_since(began),
        )

    def _with_reasons(self, findings: Sequence[Finding]) -> list[Finding]:
        if all(finding.status in (Status.SECURE, Status.INSECURE) for finding in findings):
            return list(findings)
        reasons: dict[tuple[str, str], str] = {}
        for match in _COMPLAINT.finditer(self.log):
            name, rdtype, why, failed, failed_type, failed_why = match.groups()
            key = Question(name or failed, rdtype or failed_type).key
            # Both kinds of line may speak of one question; the validator's own says more.
            reasons[key] = why if name else reasons.get(key) or failed_why
        return [
            finding
            if finding.status in (Status.SECURE, Status.INSECURE)
            else _explained(finding, reason=reasons.get(finding.question.key, ""))
            for finding in findings
        ]

    def _start(self, binary: Program, *, folder: Path) -> Server:
        for attempt in range(_ATTEMPTS):
            self.port = self._wanted_port or free_port(self.address)
            self._configure(folder, newer=_version(binary))
            server = Server.start(binary, arguments=["-d", "-c", "unbound.conf"], folder=folder)
            try:
                server.await_ready(lambda: _answers(self.address, port=self.port))
            except ServerFailed:
                # Someone else may have taken the port in between.
                if self._wanted_port or attempt == _ATTEMPTS - 1:
                    raise
            else:
                return server
        raise AssertionError("unreachable")

    def _configure(self, folder: Path, *, newer: tuple[int, ...]) -> None:
        lines = [text for since, text in _NEWER_SETTINGS if newer >= since]
        lines += self._source.patience()
        source = self._source.settings()
        inside = source if isinstance(self._source, Iterating) else ""
        text = _SETTINGS.format(
            address=self.address,
            port=self.port,
            folder=folder,
            extra="\n".join(f"    {line}" for line in (*lines, *self._extra)) + "\n" + inside,
            **self._options,
        )
        outside = "" if inside else source
        (folder / "unbound.conf").write_text(text + outside, encoding="utf-8")
        (folder / "anchor").write_text(self._anchor.rstrip() + "\n", encoding="utf-8")
        (folder / "hints").write_text(self._source.hints(), encoding="utf-8")


def _status(reply: Reply, *, unchecked: Reply | None) -> Status:
    if reply.rcode in ("NOERROR", "NXDOMAIN"):
        return Status.SECURE if reply.authentic else Status.INSECURE
    blames_validation = any(code in _VALIDATION_EDE for code, _ in reply.ede)
    can_be_had = unchecked is not None and unchecked.rcode in ("NOERROR", "NXDOMAIN")
    return Status.BOGUS if blames_validation or can_be_had else Status.FAILED


def _aliases(reply: Reply, *, question: Question) -> tuple[str, ...]:
    if question.rdtype == "CNAME":
        return ()
    targets = {
        owner: rdata_text(rdata, rdtype="CNAME").lower() for owner, rdtype, rdata in reply.answer if rdtype == "CNAME"
    }
    chain: list[str] = []
    at = f"{question.key[0]}."
    while at in targets and targets[at] not in chain:
        at = targets[at]
        chain.append(at)
    return tuple(chain)


def _explained(finding: Finding, *, reason: str) -> Finding:
    if not reason:
        plain = "it answers when checking is disabled" if finding.status is Status.BOGUS else finding.rcode
        reason = finding.why or plain
    return replace(finding, why=reason)


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _yes(value: bool) -> str:  # noqa: FBT001 (a word for a truth value)
    return "yes" if value else "no"


def _version(binary: Program) -> tuple[int, ...]:
    told = subprocess.run(
        [str(binary.path), "-V"], env=binary.environment(), capture_output=True, text=True, timeout=20, check=False
    )
    found = re.search(r"Version (\d+)\.(\d+)", told.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _answers(address: str, *, port: int) -> bool:
    query = dns.message.make_query("version.bind.", "TXT", "CH").to_wire()
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        try:
            probe.connect((address, port))
            probe.send(query)
            return bool(probe.recv(4096))
        except OSError:
            return False
