"""From a world to the facts that the oracle decides by."""

from __future__ import annotations

from dataclasses import replace

from harness.oracle import Facts
from harness.oracle.facts import Asked, Destination
from harness.scenario.models import Choice, Message, Scenario
from harness.scenario.zones import Fault, Resolver, What
from harness.world.internet import Internet

from .certificates import Collection
from .destinations import Guide
from .lookups import Asker

_SILENT = (What.SERVFAIL, What.REFUSED, What.NOTIMP, What.FORMERR, What.DROP, What.GARBAGE, What.TRUNCATE_NO_TCP)


def survey(internet: Internet, scenario: Scenario, *, recipient: str) -> Facts:
    """What a sender finds who has a message for this recipient, an address.

    The scenario is the world's as it stands now. Raises ScenarioError where no world can be made of it.
    """
    world = internet.world(scenario.id)
    trusting = Asker(internet=internet, resolver=scenario.resolver)
    guides = [Guide(world, trusting)]
    if scenario.resolver != Resolver():
        guides.append(Guide(world, replace(trusting, trusts_resolver=False), choice=Choice.VALIDATING_STUB))
    if any(map(_hides_ds, scenario.faults)):
        # A referral carries the DS record too, and a resolver that takes it from there need not ask for it.
        guides.append(_without_ds_faults(internet, scenario))
    public = internet.around.webpki.certificate
    collection = Collection((public,), now=internet.around.now)
    destinations: tuple[Destination, ...] = tuple(guide.to(recipient) for guide in guides)
    return Facts(destinations=destinations, public=(collection.facts(public),), asked=_asked(scenario.message))


def _asked(message: Message) -> Asked:
    """What the message asks for; what its header says counts only without REQUIRETLS (RFC 8689 section 4.1)."""
    if message.requiretls:
        return Asked.TLS
    for header in message.headers:
        name, _, value = header.partition(":")
        if (name.strip().lower(), value.strip().lower()) == ("tls-required", "no"):
            return Asked.ARRIVAL
    return Asked.NOTHING


def _hides_ds(fault: Fault) -> bool:
    return fault.at.split()[-1] == "DS" and fault.what in _SILENT


def _without_ds_faults(internet: Internet, scenario: Scenario) -> Guide:
    around = internet.around
    other = Internet(seed=around.seed, now=around.now, plan=around.plan, port=around.port)
    faults = tuple(fault for fault in scenario.faults if not _hides_ds(fault))
    changed = scenario.model_copy(update={"faults": faults})
    other.add(changed)
    asker = Asker(internet=other, resolver=scenario.resolver)
    return Guide(other.world(scenario.id), asker, choice=Choice.RESOLVER_RETRY)
