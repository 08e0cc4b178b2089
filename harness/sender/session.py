"""One session with one address: greeting, STARTTLS, authentication, mail transaction."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field

from OpenSSL import SSL

from harness.sender.errors import HostFailure
from harness.sender.policy import HostPlan, Stage
from harness.sender.result import AttemptOutcome, Status
from harness.sender.rules import Rules
from harness.sender.smtp import Reply, SmtpClient, capabilities


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What is to be transmitted. `content` is as DATA carries it, `size` the octets before dot-stuffing."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    size: int
    requiretls: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became of one recipient in the session."""

    status: Status
    reason: str


@dataclass(kw_only=True)
class Report:
    """What is known of a session so far; recipients without a decision may go to another host."""

    decisions: dict[str, Decision] = field(default_factory=dict)
    tls: str | None = None
    tls_begun: bool = False
    association: str | None = None
    failure: HostFailure | None = None


class Session:
    """A session over a connected client. `run` never raises `HostFailure`: it is part of the report."""

    def __init__(
        self,
        client: SmtpClient,
        *,
        plan: HostPlan,
        envelope: Envelope,
        helo: str,
        context: SSL.Context,
        rules: Rules,
        resume: SSL.Session | None = None,
    ) -> None:
        """`resume` is a TLS session to be resumed, if the server consents."""
        self._client = client
        self._plan = plan
        self._envelope = envelope
        self._helo = helo
        self._context = context
        self._rules = rules
        self._resume = resume
        self._offered: frozenset[str] | None = None
        self.is_open = False
        self.tls_session: SSL.Session | None = None
        self.report = Report()

    async def run(self, *, with_tls: bool, keep: bool = False) -> Report:
        """Deliver what can be delivered. `with_tls` is false in a cleartext retry; `keep`: stay where mail went."""
        return await self._to_the_end(self._from_the_start(with_tls=with_tls), keep=keep)

    async def again(self, envelope: Envelope) -> Report:
        """Deliver another message over the session that was kept."""
        self._envelope = envelope
        before = self.report
        self.report = Report(tls=before.tls, tls_begun=before.tls_begun, association=before.association)
        assert self._offered is not None
        return await self._to_the_end(self._transfer(self._offered), keep=True)

    async def _from_the_start(self, *, with_tls: bool) -> None:
        self._offered = await self._open(with_tls=with_tls)
        if self._offered is not None:
            await self._transfer(self._offered)

    async def _to_the_end(self, steps: Awaitable[None], *, keep: bool) -> Report:
        self.is_open = False
        try:
            await steps
        except HostFailure as failure:
            self.report.failure = failure
            lost = failure.outcome is AttemptOutcome.LOST
            if not lost and self._rules.quits_politely(failure.stage):
                await self._client.quit()
        else:
            fates = [each.status for each in self.report.decisions.values()]
            self.is_open = keep and Status.DELIVERED in fates
            if not self.is_open:
                await self._client.quit()
        finally:
            if self._client.tls is not None:
                self.tls_session = self._client.tls.session
            if not self.is_open:
                self._client.close()
        return self.report

    async def _open(self, *, with_tls: bool) -> frozenset[str] | None:
        """Up to where MAIL may be sent; returns the capabilities in force, null when all is decided."""
        greeting = await self._client.reply(Stage.GREETING)
        if not greeting.positive:
            self._refuse_all(Stage.GREETING, reply=greeting)
            return None
        before = await self._greet()
        if before is None or not with_tls:
            return before
        offered = "STARTTLS" in before
        if not self._rules.starts_tls(self._plan.level, offered=offered):
            if self._rules.goes_on_without_offer(self._plan.level):
                return before
            raise self._without_tls("STARTTLS is not offered")
        along = (f"{line}\r\n" for line in self._rules.commands_along_with_starttls())
        self._client.send("".join(("STARTTLS\r\n", *along)).encode(), stage=Stage.STARTTLS)
        reply = await self._client.reply(Stage.STARTTLS)
        if reply.code != 220:
            if self._rules.goes_on_after_refusal(self._plan.level, code=reply.code):
                return before
            if self._rules.refusal_is_final(Stage.STARTTLS, code=reply.code):
                self._refuse_all(Stage.STARTTLS, reply=reply)
                return None
            raise self._without_tls(f"STARTTLS refused: {reply}")
        await self._secure()
        after = await self._greet() if self._rules.greets_again() else before
        if after is None:
            return None
        if self._rules.starts_tls_again(offered="STARTTLS" in after):
            await self._client.command("STARTTLS", stage=Stage.STARTTLS)
        return self._rules.capabilities_in_force(before=before, after=after)

    async def _greet(self) -> frozenset[str] | None:
        reply = await self._client.command(f"EHLO {self._helo}", stage=Stage.EHLO)
        if reply.positive:
            return capabilities(reply)
        if self._rules.greets_with_helo():
            reply = await self._client.command(f"HELO {self._helo}", stage=Stage.EHLO)
            if reply.positive:
                return frozenset()
        self._refuse_all(Stage.EHLO, reply=reply)
        return None

    async def _secure(self) -> None:
        for line in self._rules.commands_before_handshake():
            self._client.send(line.encode() + b"\r\n", stage=Stage.STARTTLS)
        self.report.tls_begun = True
        await self._client.start_tls(
            self._context,
            server_name=self._plan.server_name,
            discard=self._rules.discards_plaintext_before_tls(),
            session=self._resume,
        )
        assert self._client.tls is not None
        self.report.tls = self._client.tls.version
        if self._rules.authenticates_before_mail():
            self._authenticate()

    def _authenticate(self) -> None:
        """Judge the server by what it showed in the handshake. Raises `HostFailure`."""
        tls = self._client.tls
        if tls is None or not self._rules.authentication_needed(self._plan.level):
            return
        if self._resume is not None and self._rules.resumption_authenticates():
            self.report.association = "a session before"
            return
        chain = tls.chain()
        faults = ["the server sent no certificate"] if not chain else []
        for record in self._plan.records if chain else ():
            fault = self._rules.fault(record, chain=chain, references=self._plan.references)
            if fault is None:
                self.report.association = record.parameters
                return
            faults.append(f"{record.parameters}: {fault}")
        raise HostFailure(
            f"not authenticated: {'; '.join(dict.fromkeys(faults))}",
            stage=Stage.AUTHENTICATION,
            outcome=AttemptOutcome.NOT_AUTHENTICATED,
        )

    async def _transfer(self, offered: frozenset[str]) -> None:
        envelope = self._envelope
        if self._rules.exceeds_size_limit(envelope.size, capabilities=offered):
            self._decide_all(self._rules.status_after_final_refusal(), reason="beyond the server's SIZE limit")
            return
        sized = any(each == "SIZE" or each.startswith("SIZE ") for each in offered)
        size = f" SIZE={envelope.size}" if sized else ""
        demand = self._demand(offered)
        reply = await self._client.command(f"MAIL FROM:<{envelope.sender}>{size}{demand}", stage=Stage.MAIL)
        if not reply.positive:
            self._refuse_all(Stage.MAIL, reply=reply)
            return
        accepted: list[str] = []
        for recipient in envelope.recipients:
            reply = await self._client.command(f"RCPT TO:<{recipient}>", stage=Stage.RCPT)
            if reply.positive:
                accepted.append(recipient)
            else:
                self._refuse(recipient, stage=Stage.RCPT, reply=reply)
        if not accepted:
            return
        if not self._rules.authenticates_before_mail():
            self._authenticate()
        reply = await self._client.command("DATA", stage=Stage.DATA)
        if reply.code != 354:
            self._refuse_all(Stage.DATA, reply=reply)
            return
        self._client.send(envelope.content, stage=Stage.BODY)
        reply = await self._client.reply(Stage.BODY)
        if not 200 <= reply.code <= 299:
            self._refuse_all(Stage.BODY, reply=reply)
            return
        self._decide_all(Status.DELIVERED, reason=str(reply))

    def _demand(self, offered: frozenset[str]) -> str:
        """What MAIL says of REQUIRETLS. Raises `HostFailure` where the server does not keep it."""
        if not self._envelope.requiretls:
            return ""
        if not self._rules.server_keeps_requiretls(encrypted=self._client.tls is not None, offered=offered):
            raise HostFailure("REQUIRETLS is not offered", stage=Stage.EHLO, outcome=AttemptOutcome.NO_REQUIRETLS)
        return " REQUIRETLS" if self._rules.requiretls_is_passed_on() else ""

    def _refuse(self, recipient: str, *, stage: Stage, reply: Reply) -> None:
        final = self._rules.refusal_is_final(stage, code=reply.code)
        if not final and not self._rules.refusal_ends_the_attempt(stage):
            raise HostFailure(f"{stage}: {reply}", stage=stage, outcome=AttemptOutcome.REFUSED)
        status = self._rules.status_after_final_refusal() if final else self._rules.status_after_temporary_refusal()
        self.report.decisions[recipient] = Decision(status=status, reason=f"{stage}: {reply}")

    def _refuse_all(self, stage: Stage, *, reply: Reply) -> None:
        for recipient in self._envelope.recipients:
            if recipient not in self.report.decisions:
                self._refuse(recipient, stage=stage, reply=reply)

    def _decide_all(self, status: Status, *, reason: str) -> None:
        for recipient in self._envelope.recipients:
            self.report.decisions.setdefault(recipient, Decision(status=status, reason=reason))

    def _without_tls(self, reason: str) -> HostFailure:
        return HostFailure(reason, stage=Stage.STARTTLS, outcome=AttemptOutcome.NO_TLS)
