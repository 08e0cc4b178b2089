"""The order of hosts and addresses, what comes after one that failed, and what becomes of the mail in the end."""

from __future__ import annotations

import random

from harness.sender.dnswire import Record
from harness.sender.result import Status

from .model import RIGHT, Harm, Mutant, always, broken


def _worst_first(_: object, exchanges: tuple[Record, ...], *, chance: random.Random) -> tuple[str, ...]:
    return RIGHT.host_order(exchanges, chance=chance)[::-1]


def _by_name(_: object, exchanges: tuple[Record, ...], *, chance: random.Random) -> tuple[str, ...]:
    del chance
    return tuple(sorted({each.target for each in exchanges}, reverse=True))


def _fixed(_: object, exchanges: tuple[Record, ...], *, chance: random.Random) -> tuple[str, ...]:
    del chance
    return tuple(each.target for each in sorted(exchanges, key=lambda each: (each.preference, each.target)))


def _domain_last(_: object, exchanges: tuple[Record, ...], *, chance: random.Random) -> tuple[str, ...]:
    return (*RIGHT.host_order(exchanges, chance=chance), exchanges[0].owner)


MUTANTS = (
    Mutant(
        name="worst-host-first",
        tells="MX hosts are tried in the reverse order of preference.",
        breaks=("7672-2.2.1-2", "5321-5.1-10", "7672-2.2.1-3", "7672-2.2.1-4"),
        harm=Harm.SECURITY,
        rules=broken(host_order=_worst_first),
    ),
    Mutant(
        name="preference-ignored",
        tells="MX hosts are tried in an order of their names, whatever their preference.",
        breaks=("7672-2.2.1-2", "5321-5.1-10", "7672-2.2.1-3", "7672-2.2.1-4"),
        harm=Harm.SECURITY,
        rules=broken(host_order=_by_name),
    ),
    Mutant(
        name="equals-in-fixed-order",
        tells="Equally preferred MX hosts are always tried in the same order.",
        breaks=("5321-5.1-11",),
        harm=Harm.WARNING,
        rules=broken(host_order=_fixed),
        argument="One message shows one order; that it is not always the same would take a hundred to show.",
    ),
    Mutant(
        name="only-best-host",
        tells="Only the most preferred MX host is ever tried.",
        breaks=("5321-5.1-8", "7672-2.1.2-2"),
        harm=Harm.DELIVERY,
        rules=broken(host_order=lambda _, exchanges, *, chance: RIGHT.host_order(exchanges, chance=chance)[:1]),
    ),
    Mutant(
        name="domain-after-its-hosts",
        tells="After its MX hosts the domain's own address is tried.",
        breaks=("5321-5.1-6",),
        harm=Harm.SECURITY,
        rules=broken(host_order=_domain_last),
    ),
    Mutant(
        name="no-next-host",
        tells="After a host that failed the next one is not tried.",
        breaks=("5321-5.1-8", "7672-2.1.2-2", "7672-2.1.2-7", "7672-2.2-3"),
        harm=Harm.DELIVERY,
        rules=broken(tries_next_host=always(False)),
    ),
    Mutant(
        name="no-next-address",
        tells="After an address that failed the host's next one is not tried.",
        breaks=("5321-5.1-8",),
        harm=Harm.WARNING,
        rules=broken(tries_next_address=always(False)),
    ),
    Mutant(
        name="only-first-address",
        tells="Only the first address of a host is ever tried.",
        breaks=("5321-5.1-8",),
        harm=Harm.WARNING,
        rules=broken(addresses_to_try=lambda _, addresses: addresses[:1]),
    ),
    Mutant(
        name="no-ipv4",
        tells="Hosts are never contacted over IPv4.",
        breaks=("7672-3.2-1", "7672-2.2-2", "5321-5.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(addresses_to_try=lambda _, addresses: tuple(each for each in addresses if ":" in each)),
    ),
    Mutant(
        name="no-ipv6",
        tells="Hosts are never contacted over IPv6.",
        breaks=("5321-5.2-1",),
        harm=Harm.DELIVERY,
        rules=broken(addresses_to_try=lambda _, addresses: tuple(each for each in addresses if ":" not in each)),
    ),
    Mutant(
        name="bounce-where-no-host-serves",
        tells="Mail is returned when no host could be used, be it that DANE failed at all of them.",
        breaks=("7672-2.2-3", "7672-2.1.2-6", "5321-4.5.4.1-1"),
        harm=Harm.DELIVERY,
        rules=broken(status_if_no_host_served=always(Status.BOUNCED)),
    ),
    Mutant(
        name="missing-hosts-wait",
        tells="Mail waits although none of the hosts has an address.",
        breaks=("5321-5.1-7",),
        harm=Harm.WARNING,
        rules=broken(status_if_no_host_exists=always(Status.DEFERRED)),
    ),
)
