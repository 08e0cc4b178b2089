"""Messages that demand TLS, and messages that set arrival above it (RFC 8689).

REQUIRETLS (sections 2 and 4.2.1) asks four things of a host: a name that nobody could have forged, TLS, a verified
certificate, and the promise to pass the demand on. A host that lacks one is passed over, and where none is left, the
message is returned; where DANE fails, RFC 7672 would keep it, and a sender may do either.
`TLS-Required: No` (sections 3 and 4.2.2) asks the sender to try TLS and DANE, and to deliver though they fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.scenario.models import Choice, Mode
from harness.scenario.outcomes import Code

from .certificate import Certificate
from .chains import Answers, Shown, publicly_valid
from .endings import Ending, Endings, distinct, since, unfit
from .facts import Asked, Server
from .names import References, bears_name

_EITHER = Choice.REQUIRETLS


def withheld(endings: Iterable[Ending], asked: Asked) -> Iterator[Ending]:
    """Where any other message is held back (RFC 7672 section 2.2): one that demands TLS is returned, or waits as well.

    Section 4.2.1 (8689-4.2.1-2, 8689-4.2.1-5).
    """
    for ending in endings:
        if asked is Asked.TLS:
            yield unfit("8689-4.2.1-2", "8689-4.2.1-5", choice=_EITHER)
        yield ending.since(choice=_EITHER if asked is Asked.TLS else None)


def behind_insecure_mx(endings: Endings) -> Iterator[Ending]:
    """Hosts that an insecure MX RRset names: somebody may have forged the name, and no policy vouches for it.

    Sections 2 and 4.2.1, step 2 (8689-2-1, 8689-4.2.1-1): only MTA-STS could, of which the worlds have none. No such
    host is given the message, however it is found in itself.
    """
    yield unfit("8689-4.2.1-1", "8689-2-1", "8689-4.2.1-6")
    yield from since((ending for ending in endings if not ending.taken), choice=_EITHER)


def behind_insecure_denial(endings: Endings) -> Iterator[Ending]:
    """A domain that is its own host, as far as an insecure answer says.

    Step 2 speaks of names from MX records, and there are none; who takes it for a lookup like any other returns the
    message (8689-4.2.1-1).
    """
    yield from endings
    yield unfit("8689-4.2.1-1", choice=_EITHER)


def out_of_reach(ending: Ending) -> Iterator[Ending]:
    """No session comes about: that fails step 3 of section 4.2.1, and may be better another time (7672-2.1.2-6)."""
    yield ending.since(choice=_EITHER)
    yield unfit("8689-4.2.1-5", choice=_EITHER)


def demanded(
    endings: Endings, server: Server, *, host: str, chain: tuple[Certificate, ...], public: tuple[Certificate, ...]
) -> Iterator[Ending]:
    """What may come of a session in which TLS is demanded, where these endings come of any other message's.

    `host` is the name from the MX record, the relay's or the domain's own; `chain` is what the server shows.
    """
    for ending in endings:
        match ending.code:
            case Code.AUTH:
                yield from _kept(ending, server, _is_named(host, chain))
            case Code.TLS | Code.OPP:
                yield from _by_public_authority(ending, server, host=host, chain=chain, public=public)
            case Code.CLEAR:
                # Step 4: there is no session inside TLS (8689-2-1).
                yield unfit("8689-2-1", "8689-4.2.1-5", "8689-4.2.1-6", choice=ending.choice)
            case _:
                yield from withheld((ending,), Asked.TLS)


def _kept(ending: Ending, server: Server, named: Answers) -> Iterator[Ending]:
    """The server is authenticated by DANE; step 5, and the end of step 4.

    Step 4 refers to RFC 7672, where usage 3 knows no names and usage 2 takes the domain's, and goes on to ask for that
    of the host (8689-4.2.1-2): a sender may take either for the measure.
    """
    if not server.offers_requiretls:
        yield unfit("8689-4.2.1-3", "8689-2-1", "8689-4.2.1-5", "8689-4.2.1-6", choice=ending.choice)
        return
    yield ending.since("8689-2-1", "8689-4.2.1-2", "8689-4.2.1-3")
    if any(not answer for answer, _ in named):
        yield unfit("8689-4.2.1-2", choice=_EITHER)


def _by_public_authority(
    ending: Ending, server: Server, *, host: str, chain: tuple[Certificate, ...], public: tuple[Certificate, ...]
) -> Iterator[Ending]:
    """DANE authenticates nobody here. A public authority may, if the sender trusts it (8689-2-1, 8689-4.2.1-2)."""
    trusted = {each.fingerprint: each for each in public}
    shown = Shown(chain=chain, references=References(base=host), public=trusted)
    if server.offers_requiretls and chain and any(answer for answer, _ in publicly_valid(shown)):
        inside = replace(ending, code=Code.TLS)
        yield inside.since("8689-2-1", "8689-4.2.1-2", "8689-4.2.1-3", choice=_EITHER)
        yield unfit("8689-4.2.1-2", "8689-4.2.1-5", choice=_EITHER)
    else:
        missing = "8689-4.2.1-2" if server.offers_requiretls else "8689-4.2.1-3"
        yield unfit(missing, "8689-2-1", "8689-4.2.1-5", "8689-4.2.1-6", choice=ending.choice)


def _is_named(host: str, chain: tuple[Certificate, ...]) -> Answers:
    return tuple(bears_name(chain[0], References(base=host)))


def waived(strict: Endings, loose: Endings, *, mode: Mode, several: bool) -> Endings:
    """What may come of a host when the message sets arrival above TLS.

    `strict` is what DANE permits there, `loose` what a sender without DANE may do. DANE is tried, and where it fails,
    the mail goes all the same (8689-3-1, 8689-4.2.2-1). TLS is used where there is any (8689-3-2). Under mandatory DANE
    the administrator wants it kept, and either will may prevail; where there are `several` hosts, one that passes may
    be looked for first.
    """
    anyway = since(loose, "8689-3-1", "8689-4.2.2-1", choice=_EITHER)
    found: list[Ending] = []
    for ending in strict:
        if ending.taken:
            found.append(ending.since("8689-3-2", "8689-4.2.2-1"))
        elif mode is Mode.MANDATORY:
            found += (ending.since(choice=_EITHER), *anyway)
        else:
            found += (*anyway, *((ending.since(choice=_EITHER),) if several else ()))
    if all(ending.taken for ending in strict):
        found += (replace(ending, code=Code.TLS) for ending in anyway if ending.code is Code.OPP)
    return distinct(found)


def unknown(held: Ending, loose: Endings, *, mode: Mode) -> Endings:
    """The same where nobody knows what DANE would permit, or it permits no attempt.

    The lookup that failed stops any other message (7672-2.1.2-4); this one asks to be sent whatever the destination
    publishes (8689-3-1).
    """
    anyway = since(loose, "8689-3-1", "8689-4.2.2-1", choice=_EITHER)
    waits = held.since(choice=_EITHER)
    return distinct((waits, *anyway) if mode is Mode.MANDATORY else (*anyway, waits))
