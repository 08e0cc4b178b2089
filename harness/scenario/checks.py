"""What is wrong inside one scenario although its shape is right: names that mean nothing, expectations that clash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .certificates import LEAF, SELF, WEBPKI, Certificate, KeyType
from .models import Expect, Scenario
from .names import Names, all_servers, keyed_hosts, name_problems
from .outcomes import Code, Permitted
from .placeholders import PLACEHOLDER, placeholder_problems
from .questions import question_problem
from .source import KeyPath, Problem
from .stages import CHANGEABLE, Stage
from .tlsa import SUBJECTS, TlsaExpression
from .words import did_you_mean

_WITHOUT_AUTHENTICATION = (Code.OPP, Code.CLEAR, Code.TLS)


def check(stages: Iterable[Stage]) -> Iterator[Problem]:
    """Everything wrong in a scenario, worked out step by step; each thing once, where it first arises."""
    seen: set[Problem] = set()
    for stage in stages:
        names = Names.of(stage.scenario)
        for problem in _world(stage.scenario, names):
            if problem not in seen:
                yield _at_step(problem, stage)
            seen.add(problem)
        if stage.step is None:
            yield from _expectations(stage.scenario, names)


def _at_step(problem: Problem, stage: Stage) -> Problem:
    if stage.step is None or not problem.path or problem.path[0] not in CHANGEABLE:
        return problem
    return Problem(("steps", stage.step, "change", *problem.path), problem.text, problem.remedy)


def _world(scenario: Scenario, names: Names) -> Iterator[Problem]:
    yield from name_problems(scenario, names)
    for path, certificate in _certificates(scenario):
        yield from _certificate(certificate, path, names)
    yield from _issuer_circles(scenario)
    for path, _, host in keyed_hosts(scenario):
        for family in ("ipv4", "ipv6"):
            for index, name in enumerate(getattr(host, family)):
                if name:
                    yield from _known(name, (*names.servers, *names.hosts), (*path, family, index), "server or host")
        for index, text in enumerate(host.tlsa):
            subject = TlsaExpression.parse(text).subject
            if subject:
                known = (*SUBJECTS, *names.hosts, *names.servers, *names.certs, *names.keys)
                yield from _known(subject, known, (*path, "tlsa", index), "certificate, key or host")
    for path, server in all_servers(scenario):
        if server.proxy_to is not None:
            yield from _known(server.proxy_to, (*names.servers, *names.hosts), (*path, "proxy_to"), "server or host")
    for index, fault in enumerate(scenario.faults):
        wrong = question_problem(fault.at)
        if wrong:
            yield Problem(("faults", index, "at"), *wrong)
    for zone in scenario.route.modes:
        yield from _known(zone, names.zones, ("route", "modes", zone), "zone")
    yield from placeholder_problems(scenario, names)


def _known(word: str, known: tuple[str, ...], path: KeyPath, kind: str) -> Iterator[Problem]:
    if word not in known:
        yield Problem(path, f"no {kind} is called {word!r}", did_you_mean(word, known, otherwise=f"there is no {kind}"))


def _certificates(scenario: Scenario) -> Iterator[tuple[KeyPath, Certificate | str]]:
    for path, server in all_servers(scenario):
        yield (*path, "cert"), server.cert
        for name, certificate in server.cert_by_name.items():
            yield (*path, "cert_by_name", name), certificate
    for name, certificate in scenario.certs.items():
        yield ("certs", name), certificate


def _certificate(certificate: Certificate | str, path: KeyPath, names: Names) -> Iterator[Problem]:
    if isinstance(certificate, str):
        yield from _known(certificate, names.certs, path, "certificate under [certs]")
        return
    yield from _known(certificate.issuer, (SELF, WEBPKI, *names.certs), (*path, "issuer"), "certificate under [certs]")
    yield from _known(certificate.key, (*KeyType, *names.keys), (*path, "key"), "key or key type")
    for index, name in enumerate(certificate.send or ()):
        yield from _known(name, (LEAF, *names.certs), (*path, "send", index), "certificate under [certs]")


def _issuer_circles(scenario: Scenario) -> Iterator[Problem]:
    for name in scenario.certs:
        chain = [name]
        while (issuer := scenario.certs[chain[-1]].issuer) in scenario.certs and issuer not in chain:
            chain.append(issuer)
        if issuer == name:
            circle = " -> ".join((*chain, name))
            yield Problem(("certs", name, "issuer"), f"the issuers form a circle: {circle}", "let one issue itself")


def _expectations(scenario: Scenario, names: Names) -> Iterator[Problem]:
    yield from _expect(scenario.expect, ("expect",), scenario, names)
    for index, step in enumerate(scenario.steps):
        here: KeyPath = ("steps", index)
        for place, word in enumerate(step.send):
            if "@" not in word:
                yield from _known(word, names.zones, (*here, "send", place), "zone (or address)")
        if step.expect is not None:
            yield from _expect(step.expect, (*here, "expect"), scenario, names)
        for zone, expect in step.expect_for.items():
            yield from _known(zone, names.zones, (*here, "expect_for", zone), "zone")
            yield from _expect(expect, (*here, "expect_for", zone), scenario, names)


def _expect(expect: Expect, path: KeyPath, scenario: Scenario, names: Names) -> Iterator[Problem]:
    modes: dict[str, Permitted] = {
        "opportunistic": expect.opportunistic,
        "mandatory": expect.mandatory,
        "unaware": expect.unaware,
    }
    for mode, permitted in modes.items():
        for outcome in permitted.outcomes:
            if outcome.at is not None:
                yield from _known(outcome.at, names.hosts, (*path, mode), "host")
            if mode == "mandatory" and outcome.code in _WITHOUT_AUTHENTICATION and not _waived(scenario):
                yield Problem(
                    (*path, mode),
                    f"{outcome} is delivery without authentication, which mandatory DANE never permits",
                    "expect AUTH, DEFER or BOUNCE (or let [route] or TLS-Required waive DANE)",
                )
            if mode == "unaware" and outcome.code is Code.AUTH:
                yield Problem(
                    (*path, mode), f"{outcome} cannot be: nothing is authenticated without DANE", "expect OPP"
                )
    for field, keys in (("untouched", expect.untouched), ("unvisited", expect.unvisited)):
        for index, key in enumerate(keys):
            yield from _known(key, (*names.servers, *names.hosts), (*path, field, index), "server or host")
    nameable = ("id", *names.zones, *names.hosts, *(f"{host}.target" for host in names.hosts))
    for word in PLACEHOLDER.findall(expect.sni or ""):
        yield from _known(word, nameable, (*path, "sni"), "name")


def _waived(scenario: Scenario) -> bool:
    """Whether the administrator or the message lets mail go where mandatory DANE would hold it back."""
    changes = [step.change or {} for step in scenario.steps]
    return (
        scenario.route.audit_only
        or scenario.route.disabled
        or any(header.lower().startswith("tls-required:") for header in scenario.message.headers)
        or any("route" in change or "message" in change for change in changes)
    )
