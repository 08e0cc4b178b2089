"""The server name sent to a server (SNI), and the names accepted in its certificate."""

from __future__ import annotations

from harness.sender.policy import Route

from .model import RIGHT, Harm, Mutant, always, broken

_SNI = ("7672-8.1-1", "7671-10.2-1", "6066-3-1")


def _without(*, domain: bool, expanded: bool) -> type:
    """Leaves out reference identifiers that a secure MX RRset, or none, gives."""

    def reference_identifiers(_: object, base_domain: str, *, route: Route) -> tuple[str, ...]:
        out = {route.next_hop} if domain else set()
        if expanded:
            out |= {route.expanded} - {route.next_hop}
        return tuple(
            each for each in RIGHT.reference_identifiers(base_domain, route=route) if each not in out - {base_domain}
        )

    return broken(reference_identifiers=reference_identifiers)


MUTANTS = (
    Mutant(
        name="no-server-name",
        tells="No server name is sent.",
        breaks=(*_SNI, "7671-3-3"),
        harm=Harm.DELIVERY,
        rules=broken(server_name=always(None)),
    ),
    Mutant(
        name="server-name-is-mx-name",
        tells="The server name sent is that in the MX record, whatever the base domain.",
        breaks=("7672-8.1-1", "7671-7-4", "7671-10.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(server_name=lambda _, host, *, base_domain: host),
    ),
    Mutant(
        name="server-name-with-dot",
        tells="The server name is sent with a final dot.",
        breaks=("6066-3-2", "7672-8.1-1"),
        harm=Harm.DELIVERY,
        rules=broken(server_name=lambda _, host, *, base_domain: f"{base_domain or host}."),
    ),
    Mutant(
        name="server-name-is-parent",
        tells="The server name sent lacks its first label.",
        breaks=("7672-8.1-1", "6066-3-2"),
        harm=Harm.DELIVERY,
        rules=broken(server_name=lambda _, host, *, base_domain: (base_domain or host).partition(".")[2]),
    ),
    Mutant(
        name="server-name-only-with-tlsa",
        tells="Without a base domain no server name is sent.",
        breaks=("6066-3-1",),
        harm=Harm.WARNING,
        rules=broken(server_name=lambda _, host, *, base_domain: base_domain),
        argument=(
            "Without TLSA records nobody is authenticated, so whichever certificate is shown will do; "
            "RFC 7672 section 8.1 asks for the server name with TLSA records only."
        ),
    ),
    Mutant(
        name="base-domain-not-accepted",
        tells="The base domain is no accepted name for DANE-TA, only the recipient domain is.",
        breaks=("7672-3.2.2-2", "7671-5.2-2"),
        harm=Harm.DELIVERY,
        rules=broken(reference_identifiers=lambda _, base_domain, *, route: (route.next_hop,)),
    ),
    Mutant(
        name="domain-not-accepted",
        tells="The recipient domain is no accepted name for DANE-TA.",
        breaks=("7672-3.2.2-3",),
        harm=Harm.DELIVERY,
        rules=_without(domain=True, expanded=False),
    ),
    Mutant(
        name="expanded-domain-not-accepted",
        tells="What the recipient domain is an alias of is no accepted name for DANE-TA.",
        breaks=("7672-3.2.2-4", "7672-2.2.1-6"),
        harm=Harm.DELIVERY,
        rules=_without(domain=False, expanded=True),
    ),
    Mutant(
        name="original-domain-not-accepted",
        tells="Of a recipient domain that is an alias, only what it stands for is an accepted name for DANE-TA.",
        breaks=("7672-3.2.2-4", "7672-3.2.2-3"),
        harm=Harm.DELIVERY,
        rules=broken(
            reference_identifiers=lambda _, base_domain, *, route: tuple(
                each
                for each in RIGHT.reference_identifiers(base_domain, route=route)
                if each != route.next_hop or route.next_hop == route.expanded
            )
        ),
    ),
    Mutant(
        name="domain-without-mx-not-accepted",
        tells="Without MX records, the name that the mail is for is no accepted name for DANE-TA.",
        breaks=("7672-3.2.2-6",),
        harm=Harm.DELIVERY,
        rules=broken(
            reference_identifiers=lambda _, base_domain, *, route: (
                RIGHT.reference_identifiers(base_domain, route=route) if route.via_mx else (base_domain,)
            )
        ),
    ),
    Mutant(
        name="all-mx-hosts-accepted",
        tells="The name of any of the domain's MX hosts does for each of them.",
        breaks=("7672-2.2.1-1", "7672-3.2.2-1"),
        harm=Harm.SECURITY,
        rules=broken(
            reference_identifiers=lambda _, base_domain, *, route: (
                *RIGHT.reference_identifiers(base_domain, route=route),
                *route.hosts,
            )
        ),
    ),
    Mutant(
        name="sibling-names-accepted",
        tells="Any name in the base domain's parent domain does.",
        breaks=("7672-3.2.2-1", "7672-3.1.2-1", "9525-6.1.1-1"),
        harm=Harm.SECURITY,
        rules=broken(
            identifier_matches=lambda _, presented, *, reference: (
                RIGHT.identifier_matches(presented, reference=reference)
                or presented.partition(".")[2].lower() == reference.partition(".")[2].lower()
            )
        ),
    ),
    Mutant(
        name="registered-domain-accepted",
        tells="Any name under the reference identifier's last two labels does.",
        breaks=("7672-3.2.2-1", "7672-3.1.2-1", "9525-6.1.1-1"),
        harm=Harm.SECURITY,
        rules=broken(
            identifier_matches=lambda _, presented, *, reference: (
                RIGHT.identifier_matches(presented, reference=reference)
                or presented.lower().endswith(".".join(reference.split(".")[-2:]).lower())
            )
        ),
    ),
)
