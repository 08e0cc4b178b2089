"""What a real resolver says to a list of questions, as findings that can be held against expectations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

import dns.flags
import dns.message

from harness.lab.resolver import SimulatedResolver
from tests.support.client import Client, Reply, parse
from tests.support.findings import Finding, Question, Status

ANSWERED = ("NOERROR", "NXDOMAIN")


@dataclass(frozen=True)
class Said:
    """What a client gets that checks by itself, and therefore has checking disabled."""

    rcode: str
    rdatas: tuple[bytes, ...] = ()
    """Records of the type asked for, sorted."""
    signed: bool = False
    """Whether signatures came along."""


@dataclass(frozen=True)
class Series:
    """Questions of one world."""

    turns: tuple[Question, ...]
    """Asked one after the other."""
    at_once: tuple[Question, ...]
    """Asked after them, for they take long: a server is silent, and some resolvers then take it for dead."""


async def ask_all(
    series: Iterable[Series], *, resolver: str, address: str, at_once: int = 40, patience: float = 20.0
) -> dict[Question, Finding]:
    """A finding for each question.

    `patience` is for one question, in seconds; `at_once` is how many series are under way.
    """
    gate = asyncio.Semaphore(at_once)
    found: dict[Question, Finding] = {}
    async with Client((address, 53)) as client:

        async def one(question: Question) -> None:
            found[question] = await _find(question, client=client, resolver=resolver, patience=patience)

        async def all_of(each: Series) -> None:
            async with gate:
                for question in each.turns:
                    await one(question)
            await asyncio.gather(*map(one, each.at_once))

        await asyncio.gather(*map(all_of, series))
    return found


async def ask_unchecked(
    questions: Iterable[Question], *, address: str, at_once: int = 40, patience: float = 20.0
) -> dict[Question, Said]:
    """What is said to each question with CD set; SERVFAIL stands for silence as well."""
    gate = asyncio.Semaphore(at_once)
    async with Client((address, 53)) as client:

        async def one(question: Question) -> tuple[Question, Said]:
            async with gate:
                try:
                    reply = await client.ask(
                        question.name, rdtype=question.rdtype, check_disabled=True, seconds=patience
                    )
                except (OSError, asyncio.IncompleteReadError):  # a TimeoutError is an OSError
                    return question, Said("SERVFAIL")
                return question, _said(reply, question)

        return dict(await asyncio.gather(*map(one, questions)))


def simulated_unchecked(resolver: SimulatedResolver, question: Question) -> Said:
    """What the simulated resolver says to it with CD set."""
    flags = dns.flags.RD | dns.flags.AD | dns.flags.CD
    query = dns.message.make_query(question.name, question.rdtype, want_dnssec=True, flags=flags)
    reply = resolver.respond(query.to_wire(), "tcp", "", "")
    assert reply is not None
    return _said(parse(reply), question)


def _said(reply: Reply, question: Question) -> Said:
    if reply.rcode not in ANSWERED:
        return Said(reply.rcode)
    signed = any(rdtype == "RRSIG" for _, rdtype, _ in reply.answer)
    return Said(reply.rcode, _rdatas(reply, question), signed)


async def _find(question: Question, *, client: Client, resolver: str, patience: float) -> Finding:
    began = time.perf_counter()
    try:
        reply = await client.ask(question.name, rdtype=question.rdtype, seconds=patience)
    except (OSError, asyncio.IncompleteReadError) as problem:  # a TimeoutError is an OSError
        why = f"no answer: {type(problem).__name__}"
        return Finding(resolver, question, Status.FAILED, "", why=why, milliseconds=_since(began))
    return Finding(
        resolver,
        question,
        _status(reply),
        reply.rcode,
        rdatas=_rdatas(reply, question),
        ede=tuple(code for code, _ in reply.ede),
        why="; ".join(f"EDE {code} {text}".rstrip() for code, text in reply.ede),
        milliseconds=_since(began),
    )


def _rdatas(reply: Reply, question: Question) -> tuple[bytes, ...]:
    return tuple(sorted({rdata for _, rdtype, rdata in reply.answer if rdtype == question.rdtype}))


def _status(reply: Reply) -> Status:
    """Bogus and failed look alike from outside: SERVFAIL."""
    if reply.rcode not in ANSWERED:
        return Status.FAILED
    return Status.SECURE if reply.authentic else Status.INSECURE


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
