"""A world, surveyed: what a sender finds in it, as the facts that the oracle decides by.

lookups         DNS questions and what comes of them
questions       which questions a delivery depends on, and what a resolver may answer
keeping         how long a resolver may keep an answer
destinations    MX records, hosts, aliases, TLSA records
servers         manners on the wire
certificates    facts about certificates, and which records they fit
"""

from .keeping import kept_for, right_ttl
from .questions import Question, RightAnswer, questions, right_answer, told
from .surveyor import survey

__all__ = ["Question", "RightAnswer", "kept_for", "questions", "right_answer", "right_ttl", "survey", "told"]
