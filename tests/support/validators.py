"""The independent judges of danelab's DNSSEC, in one place.

tree = plant()
async with Authority(tree.leaves) as authority:
    with Unbound(tree.anchor, source=Forwarding("127.0.0.1", authority.port)) as unbound:
        findings = await unbound.find([Question("_25._tcp.mx1.none.example", "TLSA")])
    findings += await Delv(tree.anchor, "127.0.0.1", authority.port).find(...)
assert_agreement(findings, expected={...: Status.SECURE})
"""

from tests.support.delv import Delv
from tests.support.findings import Finding, Question, Status, assert_agreement, disagreements
from tests.support.packages import Unavailable
from tests.support.processes import ServerFailed
from tests.support.sources import Forwarding, Iterating
from tests.support.unbound import Unbound

__all__ = [
    "Delv",
    "Finding",
    "Forwarding",
    "Iterating",
    "Question",
    "ServerFailed",
    "Status",
    "Unavailable",
    "Unbound",
    "assert_agreement",
    "disagreements",
]
