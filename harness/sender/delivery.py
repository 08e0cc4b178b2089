"""One job: recipients grouped by domain, hosts in order, addresses in order, sessions, results."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from OpenSSL import SSL

from harness.sender.channel import Channel
from harness.sender.dns import Resolver
from harness.sender.locate import Locator, NoRoute, domain_name
from harness.sender.policy import HostPlan, Level, Mode, Route, Stage
from harness.sender.result import Attempt, AttemptOutcome, Result, Status
from harness.sender.rules import Rules
from harness.sender.session import Envelope, Report, Session
from harness.sender.smtp import SmtpClient, to_wire
from harness.sender.tls import client_context


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a sender is set up. Times are in seconds; `port` is the one MX hosts are contacted on."""

    resolver_address: str
    resolver_port: int
    port: int = 25
    mode: Mode = Mode.OPPORTUNISTIC
    connect_timeout: float = 5.0
    reply_timeout: float = 5.0
    dns_timeout: float = 5.0
    helo: str = "localhost"
    ipv4_only: bool = False
    seed: str | None = None
    """Makes the order of equally preferred hosts the same each time; null leaves it to chance (RFC 5321 5.1)."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One message to be sent. `relay` replaces the recipients' domains; `mode` the sender's own.

    With `audit`, DANE is tried and does not hold mail back; `requiretls` comes from the message's envelope.
    """

    id: str = ""
    sender: str
    recipients: tuple[str, ...]
    message: bytes
    relay: str | None = None
    fallback_relay: str | None = None
    mode: Mode | None = None
    audit: bool = False
    requiretls: bool = False


@dataclass
class Kept:
    """What a sender keeps from one session for later ones, by keys of the rules; a correct one keeps nothing."""

    connections: dict[object, Session] = field(default_factory=dict)
    tls_sessions: dict[object, SSL.Session] = field(default_factory=dict)


class Sender:
    """A sender on one event loop. Deferral is decided at once: it keeps no queue and tries each job once."""

    def __init__(self, settings: Settings, *, rules: Rules | None = None) -> None:
        self._settings = settings
        self._rules = rules or Rules()
        self.kept = Kept()
        self._resolver = Resolver(
            settings.resolver_address,
            port=settings.resolver_port,
            timeout=settings.dns_timeout,
            rules=self._rules,
        )
        self._locator = Locator(
            self._resolver,
            rules=self._rules,
            port=settings.port,
            ipv4_only=settings.ipv4_only,
            seed=settings.seed,
        )

    @cached_property
    def _context(self) -> SSL.Context:
        return client_context(minimum_version=self._rules.minimum_tls_version(), cipher_list=self._rules.cipher_list())

    async def close(self) -> None:
        """Release the sender's sockets."""
        await self._resolver.close()

    async def send(self, job: Job, *, report: Callable[[Result], None]) -> None:
        """Deliver a job, reporting each recipient once. Never raises for a job: that is a crashed result."""
        groups: dict[str, list[str]] = {}
        for recipient in job.recipients:
            groups.setdefault(recipient.rpartition("@")[2].lower(), []).append(recipient)
        content = to_wire(job.message)
        await asyncio.gather(
            *(
                self._send_group(job, domain=domain, recipients=tuple(group), content=content, report=report)
                for domain, group in groups.items()
            )
        )

    async def _send_group(
        self,
        job: Job,
        *,
        domain: str,
        recipients: tuple[str, ...],
        content: bytes,
        report: Callable[[Result], None],
    ) -> None:
        transaction = Transaction(self, job=job, recipients=recipients, content=content)
        try:
            await transaction.run(domain)
            results = transaction.results()
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
            results = tuple(
                Result(id=job.id, recipient=each, status=Status.CRASHED, reason=reason) for each in recipients
            )
        for result in results:
            report(result)

    @property
    def settings(self) -> Settings:
        """How the sender is set up."""
        return self._settings

    @property
    def rules(self) -> Rules:
        """The rules the sender keeps."""
        return self._rules

    @property
    def locator(self) -> Locator:
        """The sender's lookups."""
        return self._locator

    @property
    def context(self) -> SSL.Context:
        """The TLS settings, made on first use."""
        return self._context


class Transaction:
    """The delivery of one message to the recipients of one domain."""

    def __init__(self, sender: Sender, *, job: Job, recipients: tuple[str, ...], content: bytes) -> None:
        self._sender = sender
        self._rules = sender.rules
        self._job = job
        self._mode = job.mode or sender.settings.mode
        self._unprotected = self._rules.goes_on_unprotected(
            self._mode, audit=job.audit, waived=self._rules.waives_tls(job.message, requiretls=job.requiretls)
        )
        self._recipients = recipients
        self._content = content
        self._results: dict[str, Result] = {}
        self._attempts: list[Attempt] = []
        self._verdict = NoRoute(status=Status.DEFERRED, reason="no host was tried")

    async def run(self, domain: str) -> None:
        """Try the job's relay or the domain, then the fallback relay where the rules send the mail there."""
        locator = self._sender.locator
        if self._job.relay is not None:
            await self._deliver(await locator.relay(self._job.relay, mode=self._mode))
        else:
            await self._deliver(await locator.route(domain, mode=self._mode))
        if self._job.fallback_relay is not None and self._for_fallback():
            for each in self._for_fallback():
                self._results.pop(each, None)
            await self._deliver(await locator.relay(self._job.fallback_relay, mode=self._mode))

    def results(self) -> tuple[Result, ...]:
        """One result for each recipient, in order."""
        return tuple(replace(self._result(each), attempts=tuple(self._attempts)) for each in self._recipients)

    def _result(self, recipient: str) -> Result:
        return self._results.get(recipient) or Result(
            id=self._job.id, recipient=recipient, status=self._verdict.status, reason=self._verdict.reason
        )

    def _open(self) -> tuple[str, ...]:
        return tuple(each for each in self._recipients if each not in self._results)

    def _for_fallback(self) -> tuple[str, ...]:
        goes = self._rules.goes_to_fallback_relay
        return tuple(each for each in self._recipients if goes(self._result(each).status))

    async def _deliver(self, route: Route | NoRoute) -> None:
        if isinstance(route, NoRoute):
            self._verdict = route
            return
        none_exists = bool(route.hosts)
        for host in route.hosts:
            plan = await self._sender.locator.plan(host, route=route, mode=self._mode)
            none_exists = none_exists and plan.absent
            await self._try_host(plan, route=route)
            if not self._rules.tries_next_host(delivered=not self._open()):
                break
        if self._open():
            status = self._rules.status_if_no_host_exists() if none_exists else self._rules.status_if_no_host_served()
            outcomes = tuple(each.outcome for each in self._attempts)
            if self._job.requiretls and self._rules.requiretls_failure_is_final(outcomes):
                status = self._rules.status_after_final_refusal()
            reason = "; ".join(dict.fromkeys(f"{each.host}: {each.reason}" for each in self._attempts))
            self._verdict = NoRoute(status=status, reason=reason)

    async def _try_host(self, plan: HostPlan, *, route: Route) -> None:
        if plan.level is Level.SKIP:
            self._note(plan.host, outcome=AttemptOutcome.SKIPPED, reason=plan.reason)
        elif self._job.requiretls and not self._rules.host_keeps_requiretls(plan.level, route=route):
            self._note(plan.host, outcome=AttemptOutcome.NO_REQUIRETLS, reason="nothing vouches for the host")
        else:
            await self._try_addresses(plan, port=route.port)
        if self._unprotected and self._open() and plan.addresses and plan.level is not Level.MAY:
            await self._try_addresses(replace(plan, level=Level.MAY, records=()), port=route.port)

    async def _try_addresses(self, plan: HostPlan, *, port: int) -> None:
        for address in plan.addresses:
            report = await self._converse(plan, address=address, port=port, with_tls=True)
            failure = report.failure if report is not None else None
            if report is not None and failure is not None and self._open():
                again = self._rules.retries_in_clear(
                    plan.level, stage=failure.stage, outcome=failure.outcome, encrypted=report.tls_begun
                )
                if again:
                    await self._converse(plan, address=address, port=port, with_tls=False)
            if not self._rules.tries_next_address(delivered=not self._open()):
                break

    async def _converse(self, plan: HostPlan, *, address: str, port: int, with_tls: bool) -> Report | None:
        settings, kept = self._sender.settings, self._sender.kept
        connection_key = self._rules.connection_key(plan, address=address)
        held = kept.connections.pop(connection_key, None)
        if held is not None:
            report = await held.again(self._envelope())
            failure = report.failure
            # A connection that was kept may have ended meanwhile: no failure of the host, and a new one is made.
            if failure is None or (failure.outcome, failure.stage) != (AttemptOutcome.LOST, Stage.MAIL):
                return self._noted(held, report, plan=plan, address=address)
        try:
            channel = await Channel.connect(address, port=port, timeout=settings.connect_timeout)
        except OSError as error:
            reason = f"no connection: {error or 'timeout'}"
            self._note(plan.host, address=address, outcome=AttemptOutcome.UNREACHABLE, reason=reason)
            return None
        session = Session(
            SmtpClient(channel, timeout=settings.reply_timeout),
            plan=plan,
            envelope=self._envelope(),
            helo=settings.helo,
            context=self._sender.context,
            rules=self._rules,
            resume=kept.tls_sessions.get(self._rules.tls_session_key(plan, address=address)),
        )
        report = await session.run(with_tls=with_tls, keep=connection_key is not None)
        return self._noted(session, report, plan=plan, address=address)

    def _envelope(self) -> Envelope:
        return Envelope(
            sender=self._job.sender,
            recipients=tuple(_routable(each) for each in self._open()),
            content=self._content,
            size=len(self._job.message),
            requiretls=self._job.requiretls,
        )

    def _noted(self, session: Session, report: Report, *, plan: HostPlan, address: str) -> Report:
        """Keep what the rules say of a session, and record what came of it."""
        kept = self._sender.kept
        connection_key = self._rules.connection_key(plan, address=address)
        if session.is_open and connection_key is not None:
            kept.connections[connection_key] = session
        session_key = self._rules.tls_session_key(plan, address=address)
        if session_key is not None and session.tls_session is not None:
            kept.tls_sessions[session_key] = session.tls_session
        self._record(report, plan=plan, address=address)
        return report

    def _record(self, report: Report, *, plan: HostPlan, address: str) -> None:
        outcome, reason = AttemptOutcome.REFUSED, ""
        for recipient in self._open():
            decision = report.decisions.get(_routable(recipient))
            if decision is None:
                continue
            if decision.status is Status.DELIVERED:
                outcome = AttemptOutcome.DELIVERED
            reason = reason or decision.reason
            self._results[recipient] = Result(
                id=self._job.id,
                recipient=recipient,
                status=decision.status,
                reason=decision.reason,
                host=plan.host,
                address=address,
                tls=report.tls,
                authenticated=report.association is not None,
                association=report.association,
            )
        if report.failure is not None:
            outcome, reason = report.failure.outcome, report.failure.reason
        self._note(plan.host, address=address, outcome=outcome, reason=reason)

    def _note(self, host: str, *, outcome: AttemptOutcome, reason: str, address: str | None = None) -> None:
        self._attempts.append(Attempt(host=host, address=address, outcome=outcome, reason=reason))


def _routable(recipient: str) -> str:
    """The recipient with its domain in A-labels, which every server understands."""
    local, _, domain = recipient.rpartition("@")
    return recipient if domain.isascii() else f"{local}@{domain_name(domain)}"
