"""Reports: what a run came to, for people and for programs."""

from .console import show
from .model import RunFacts, RunReport, Tested, build

__all__ = ["RunFacts", "RunReport", "Tested", "build", "show"]
