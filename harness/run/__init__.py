"""A run: what is to be run, the lab raised, the target let loose in every scenario at once, the journal judged.

plan      which scenarios, and what else their verdicts need     worlds     each of them worked out beforehand
letters   the messages that a target is given                    running    the run itself
recipients  whom they are for
trial     one target's way through it, in a lab of its own       together   several at once
shards    a part of a run                                        merging    parts put together
reading   runs that lie on disk                                  again      such a run judged anew
places    where scenarios stand                                  comparing  what differs between two runs
"""

from .plan import LOOPBACK_OFFERS, NAMESPACE_OFFERS, REAL_RESOLVER_OFFERS, Contender, Picked, Plan, pick
from .running import Progress, judged, run
from .shards import Shard
from .worlds import work_out, wrong_worlds

__all__ = [
    "LOOPBACK_OFFERS",
    "NAMESPACE_OFFERS",
    "REAL_RESOLVER_OFFERS",
    "Contender",
    "Picked",
    "Plan",
    "Progress",
    "Shard",
    "judged",
    "pick",
    "run",
    "work_out",
    "wrong_worlds",
]
