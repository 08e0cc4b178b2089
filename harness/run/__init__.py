"""A run: what is to be run, the lab raised, the target let loose in every scenario at once, the journal judged.

plan      which scenarios, and what else their verdicts need     worlds     each of them worked out beforehand
letters   the messages that a target is given                    running    the run itself
trial     one target's way through it, in a lab of its own       together   several at once
"""

from .plan import LOOPBACK_OFFERS, NAMESPACE_OFFERS, REAL_RESOLVER_OFFERS, Contender, Picked, Plan, pick
from .running import Progress, judged, run
from .worlds import work_out, wrong_worlds

__all__ = [
    "LOOPBACK_OFFERS",
    "NAMESPACE_OFFERS",
    "REAL_RESOLVER_OFFERS",
    "Contender",
    "Picked",
    "Plan",
    "Progress",
    "judged",
    "pick",
    "run",
    "work_out",
    "wrong_worlds",
]
