"""Which hosts are contacted for a domain: what the MX lookup says, null MX, domains without MX, literals."""

from __future__ import annotations

from harness.sender.answer import Kind
from harness.sender.policy import Mode
from harness.sender.result import Status

from .model import Harm, Mutant, always, broken

MUTANTS = (
    Mutant(
        name="mx-failure-not-noticed",
        tells="A failed MX lookup goes on like any other.",
        breaks=("7672-2.1.2-1",),
        harm=Harm.DELIVERY,
        rules=broken(destination_unknown=always(False)),
        argument=(
            "A failed lookup has no records and is no denial, so no host is found and the mail waits, "
            "which is what the rule asks for."
        ),
    ),
    Mutant(
        name="bounce-at-mx-failure",
        tells="Mail is returned when the MX lookup fails.",
        breaks=("7672-2.1.2-1", "7672-2.1.2-6", "5321-5.1-4"),
        harm=Harm.DELIVERY,
        rules=broken(status_if_destination_unknown=always(Status.BOUNCED)),
    ),
    Mutant(
        name="mx-failure-means-own-host",
        tells="After a failed MX lookup the mail goes to the domain's own address.",
        breaks=("7672-2.1.2-1", "5321-5.1-4", "7672-2.1.1-9"),
        harm=Harm.SECURITY,
        rules=broken(
            destination_unknown=always(False),
            domain_is_its_own_host=lambda _, mx: mx.kind in (Kind.FAILED, Kind.NODATA),
        ),
    ),
    Mutant(
        name="domain-without-mx-is-unknown",
        tells="A domain without MX records gets no mail.",
        breaks=("5321-5.1-5", "7672-2.2.2-12"),
        harm=Harm.DELIVERY,
        rules=broken(domain_is_its_own_host=always(False)),
    ),
    Mutant(
        name="mx-not-used",
        tells="Mail goes to the domain's own address although it has MX records.",
        breaks=("5321-5.1-6", "5321-5.1-1", "7672-2.2.1-12"),
        harm=Harm.SECURITY,
        rules=broken(domain_is_its_own_host=always(True)),
    ),
    Mutant(
        name="missing-domain-waits",
        tells="Mail for a domain that does not exist waits for ever.",
        breaks=("5321-5.1-3",),
        harm=Harm.DELIVERY,
        rules=broken(status_if_domain_does_not_exist=always(Status.DEFERRED)),
    ),
    Mutant(
        name="missing-domain-not-noticed",
        tells="A domain that does not exist is taken for one without a server for the moment.",
        breaks=("5321-5.1-3",),
        harm=Harm.DELIVERY,
        rules=broken(domain_does_not_exist=always(False)),
    ),
    Mutant(
        name="absence-bounces",
        tells="A domain without MX records is taken for one that does not exist.",
        breaks=("5321-5.1-5", "7672-2.2.2-12"),
        harm=Harm.DELIVERY,
        rules=broken(domain_does_not_exist=lambda _, mx: mx.kind in (Kind.NXDOMAIN, Kind.NODATA)),
    ),
    Mutant(
        name="null-mx-waits",
        tells="Mail for a domain with a null MX waits for ever.",
        breaks=("7505-3-2",),
        harm=Harm.DELIVERY,
        rules=broken(status_if_all_mail_is_refused=always(Status.DEFERRED)),
    ),
    Mutant(
        name="null-mx-not-noticed",
        tells="A null MX is taken for a domain without a server for the moment.",
        breaks=("7505-3-2",),
        harm=Harm.DELIVERY,
        rules=broken(refuses_all_mail=always(False)),
    ),
    Mutant(
        name="null-mx-means-own-host",
        tells="A domain with a null MX gets mail at its own address.",
        breaks=("7505-3-2", "5321-5.1-6"),
        harm=Harm.SECURITY,
        rules=broken(
            refuses_all_mail=always(False),
            domain_is_its_own_host=lambda _, mx: (
                mx.kind is Kind.NODATA or {each.target for each in mx.records} == {"."}
            ),
        ),
    ),
    Mutant(
        name="one-null-mx-refuses-all",
        tells="A null MX beside other MX records makes the domain one that takes no mail.",
        breaks=("7672-2.2.1-12",),
        harm=Harm.DELIVERY,
        rules=broken(refuses_all_mail=lambda _, mx: any(each.target == "." for each in mx.records)),
    ),
    Mutant(
        name="null-mx-names-a-host",
        tells="A null MX beside other MX records is looked up like a host.",
        breaks=("7505-3-1",),
        harm=Harm.DELIVERY,
        rules=broken(exchanges=lambda _, mx: mx.records),
        argument="The root has no address, so the host is passed over and the next one gets the mail, as without it.",
    ),
    Mutant(
        name="no-exchange",
        tells="None of a domain's MX records names a host that will do.",
        breaks=("5321-5.1-1", "7672-2.2-2", "7672-3.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(exchanges=always(())),
    ),
    Mutant(
        name="insecure-mx-trusted-mandatory",
        tells="Mandatory DANE is content with hosts that an insecure MX RRset names.",
        breaks=("7672-2.2.1-7", "7672-2.2-12"),
        harm=Harm.SECURITY,
        rules=broken(insecure_route_may_be_used=always(True)),
        mode=Mode.MANDATORY,
    ),
    Mutant(
        name="insecure-mx-counts-as-secure",
        tells="An MX RRset counts as secure although it is not, and mandatory DANE goes by it.",
        breaks=("7672-2.2.1-7", "7672-2.1.3-3"),
        harm=Harm.SECURITY,
        rules=broken(route_is_secure=always(True)),
        mode=Mode.MANDATORY,
    ),
    Mutant(
        name="insecure-mx-names-domain",
        tells="An insecure MX RRset lends the domain's name to the hosts that it names.",
        breaks=("7672-3.2.2-5", "8689-4.2.1-1"),
        harm=Harm.SECURITY,
        rules=broken(route_is_secure=always(True)),
    ),
    Mutant(
        name="secure-mx-counts-as-insecure",
        tells="No MX RRset counts as secure, so the domain's own name does not do in a certificate.",
        breaks=("7672-3.2.2-3", "7672-3.2.2-4", "7672-2.2.1-6"),
        harm=Harm.DELIVERY,
        rules=broken(route_is_secure=always(False)),
    ),
    Mutant(
        name="insecure-mx-refused",
        tells="Hosts that an insecure MX RRset names get no mail, though nobody has made DANE mandatory.",
        breaks=("7672-2.1.1-10", "7672-2.2.1-8"),
        harm=Harm.DELIVERY,
        rules=broken(insecure_route_may_be_used=always(False)),
    ),
    Mutant(
        name="literal-is-a-name",
        tells="An address literal is looked up like a domain.",
        breaks=("7672-2.2-13",),
        harm=Harm.DELIVERY,
        rules=broken(literal_address=always(None)),
        argument=(
            "A literal is no domain name, so the mail is returned, as a sender may that takes no literals "
            "(address-literal permits it); and no DANE is applied, which is all that the rule asks."
        ),
    ),
    Mutant(
        name="address-in-mx-is-a-name",
        tells="An address in an MX record is looked up like a host.",
        breaks=("7672-2.2-14",),
        harm=Harm.DELIVERY,
        rules=broken(host_is_an_address=always(False)),
        argument="No such name exists, so the host is passed over, as it would have been.",
    ),
    Mutant(
        name="every-host-is-an-address",
        tells="Every MX record is passed over as if it spelled an address.",
        breaks=("7672-2.2.1-12", "7672-2.2-2", "7672-3.2-1"),
        harm=Harm.DELIVERY,
        rules=broken(host_is_an_address=always(True)),
    ),
    Mutant(
        name="fallback-relay-not-used",
        tells="Mail that has to wait does not go to the fallback relay.",
        breaks=("7672-1.1-2",),
        harm=Harm.DELIVERY,
        rules=broken(goes_to_fallback_relay=always(False)),
    ),
    Mutant(
        name="fallback-relay-gets-bounces",
        tells="Mail that has to be returned goes to the fallback relay.",
        breaks=("7672-1.1-2",),
        harm=Harm.DELIVERY,
        rules=broken(goes_to_fallback_relay=lambda _, status: status in (Status.DEFERRED, Status.BOUNCED)),
        argument="A relay may know better, and no document forbids to ask it.",
    ),
)
