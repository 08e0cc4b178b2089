"""From events to verdicts: what was observed, what is permitted, what is held of the target. No I/O."""

from .companions import companions
from .judge import faults, judge, judge_scenario
from .learned import Learned, Taken, learned
from .observation import Observation, observe
from .profile import Profile
from .result import Evidence, Exposed, Grade, Leak, Position, Result, Story, Verdict
from .summary import count, exit_code, inactive

__all__ = [
    "Evidence",
    "Exposed",
    "Grade",
    "Leak",
    "Learned",
    "Observation",
    "Position",
    "Profile",
    "Result",
    "Story",
    "Taken",
    "Verdict",
    "companions",
    "count",
    "exit_code",
    "faults",
    "inactive",
    "judge",
    "judge_scenario",
    "learned",
    "observe",
]
