"""Reports: what a run came to, for people and for programs."""

from .console import show
from .model import RunFacts, RunReport, build

__all__ = ["RunFacts", "RunReport", "build", "show"]
