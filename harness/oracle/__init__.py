"""The oracle: what a sender that conforms to RFC 7672 and RFC 8689 may do in a world, worked out from their text alone.

It is one of three independent tellings of the rules; the others are the hand-written `[expect]` of the scenarios and
the built-in sender. It imports nothing but the words of `harness.scenario`.
"""

from .delivery import Facts, Final, permitted
from .stance import UNDECLARED, Point, Stance

__all__ = ["UNDECLARED", "Facts", "Final", "Point", "Stance", "permitted"]
