"""A world, surveyed: what a sender finds in it, as the facts that the oracle decides by.

lookups         DNS questions and what comes of them
destinations    MX records, hosts, aliases, TLSA records
servers         manners on the wire
certificates    facts about certificates, and which records they fit
"""

from .surveyor import survey

__all__ = ["survey"]
