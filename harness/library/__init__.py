"""The lab in the hands of a test: raised in a `with` block, judged by the same judge, all in plain synchronous code.

shelf     scenarios by id or file           built     scenarios made of Python values
raised    a lab on a thread of its own      open      what a test sees of it, its messages and its verdict
outside   any target, by `danelab run`      telling   verdicts as text, as exceptions, as nothing
danelab   what the fixture of that name is

Nothing here knows pytest; `harness.pytest_plugin` makes a fixture of it.
"""

from .danelab import Danelab
from .open import Message, OpenLab
from .outside import Ran
from .telling import DanelabWarning

__all__ = ["Danelab", "DanelabWarning", "Message", "OpenLab", "Ran"]
