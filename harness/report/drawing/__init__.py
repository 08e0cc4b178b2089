"""The world of a scenario, drawn: zones with their DNSSEC status, MX hosts, TLSA records, certificates, the attacker.

picture     what there is to draw, in words and tones; no coordinates
worlds      from a scenario to its picture: what a sender finds, by way of `harness.survey`
hosts       the part of that about mail hosts and their servers
layout      from a picture to shapes with coordinates
canvas      from shapes to text
svg         the whole drawing, with the style and the symbols that it needs where it stands alone

Everything is a pure function of the scenario: the same scenario gives the same text to the letter, in whatever run it
was played.
"""

from .svg import STYLE, SYMBOLS, drawing

__all__ = ["STYLE", "SYMBOLS", "drawing"]
