"""The report to be looked at: one HTML file with everything in it, and nothing fetched from anywhere.

columns     results as a matrix of scenarios by targets, of one run or several
connection  which of the three connection types a target achieves
mending     the rules that were broken, the gravest first
timeline    the events behind a cell
page        the file: template, style, script, and the policy that allows no others

It works with scripts off; a script adds filters and keys. What targets and peers say is text wherever it stands.
"""

from .columns import Recorded
from .page import side_by_side, text

__all__ = ["Recorded", "side_by_side", "text"]
