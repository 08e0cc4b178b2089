"""What the fixture `danelab` gives to a test."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.journal import Status
from harness.lab.recorder import Recorder
from harness.scenario.load import Entry
from harness.scenario.models import Mode, Scenario
from harness.scenario.words import did_you_mean
from harness.verdict import Profile, Result

from . import built, outside
from .open import SAID, Cast, Message, OpenLab
from .shelf import along, by_file, by_id
from .telling import DanelabWarning, clear

Named = str | Path | Scenario
"""A scenario by its id, by its file, or as it is."""

Send = Callable[[OpenLab, Message], object]


class Danelab:
    """Labs for one test. Call it for a lab; `judge` sends through a function and judges; `run` tests any target."""

    def __init__(
        self,
        test: str,
        *,
        scenario: Named | None = None,
        mode: str = Mode.OPPORTUNISTIC,
        targets: Sequence[str] = ("builtin",),
        folder: Path | None = None,
    ) -> None:
        """`test` names the test: keys follow from it. `scenario`, `mode` and `targets` hold where a call says nothing.

        Relative file names, and twins of users' own scenarios, are looked for in `folder`.
        """
        self._test = test
        self._scenario = scenario
        self._mode = mode
        self._targets = tuple(targets)
        self._folder = folder
        self._start = time.monotonic()
        self._labs: list[OpenLab] = []
        self._built = 0
        self.used = False
        """Whether a lab was asked for, or a run."""

    @clear
    def __call__(self, scenario: Named | None = None, *, mode: str | None = None, **world: Any) -> OpenLab:
        """A lab for one scenario: by id, by file, or built of keyword arguments, the keys of a scenario file.

        Without any of these it is the scenario of the test's marker. Raises UsageError and ScenarioError.
        """
        self.used = True
        if scenario is not None and world:
            raise UsageError(f"danelab({scenario!r}, {next(iter(world))}=...): name a scenario, or build one, not both")
        entry = self._built_of(world) if world else self._found(scenario or self._scenario)
        profile = Profile.of(_mode(mode or self._mode))
        beside = entry.file.parent if entry.file.is_file() else self._folder
        cast = Cast(entry=entry, along=along(entry, profile, beside=beside), profile=profile, seed=self._test)
        self._labs.append(OpenLab(cast, recorder=Recorder(target="sender", start=self._start), others=self._labs))
        return self._labs[-1]

    @clear
    def judge(
        self,
        scenario: Named | None = None,
        *,
        send: Send,
        mode: str | None = None,
        refuses: tuple[type[Exception], ...] = (OSError,),
        **world: Any,
    ) -> Result:
        """Send every message of the scenario and of its twin through `send(lab, message)`, and check what came of it.

        What `send` returns is taken as the sender's word if it is one of `delivered`, `deferred`, `bounced` and
        `unsupported`. An exception of `refuses` means that the message was not delivered; any other goes on to the
        test. ssl's and smtplib's own are kinds of OSError. Raises as `OpenLab.check` does.
        """
        __tracebackhide__ = True
        with self(scenario, mode=mode, **world) as lab:
            for message in lab.messages:
                try:
                    word = send(lab, message)
                except refuses as refusal:
                    lab.said(Status.UNKNOWN, f"{type(refusal).__name__}: {refusal}", message=message)
                else:
                    if isinstance(word, str) and word in SAID:
                        lab.said(word, message=message)
        return lab.check()

    @clear
    def run(self, *scenarios: str, target: str | Sequence[str] = (), mode: str | None = None) -> outside.Ran:
        """Let a target, or several, loose in scenarios by id or pattern, as `danelab run` does; twins come along.

        Without `target` it is that of `--danelab-target`, else the built-in sender. Call `check()` on what comes back.
        Raises UsageError for what cannot be run, HarnessError where danelab fails.
        """
        self.used = True
        names = scenarios or ((self._scenario,) if isinstance(self._scenario, str) else ())
        if not names:
            raise UsageError('danelab.run() names no scenario; write danelab.run("ee-mismatch"), or mark the test')
        targets = (target,) if isinstance(target, str) else tuple(target)
        return outside.run(names, targets=targets or self._targets, mode=_mode(mode or self._mode), seed=self._test)

    def close(self) -> None:
        """Warn of every negative that the test took for a proof."""
        for lab in self._labs:
            if problem := lab.unproved():
                warnings.warn(problem, DanelabWarning, stacklevel=2)

    def _found(self, scenario: Named | None) -> Entry:
        if scenario is None:
            raise UsageError('danelab() names no scenario; write danelab("ee-mismatch"), or mark the test')
        if isinstance(scenario, Scenario):
            return built.of(scenario, where=self._test)
        if isinstance(scenario, Path) or scenario.endswith(".toml"):
            return by_file((self._folder or Path()) / scenario)
        return by_id(scenario, beside=self._folder)

    def _built_of(self, world: dict[str, Any]) -> Entry:
        self._built += 1
        name = "built" if self._built == 1 else f"built-{self._built}"
        return built.built(world, name=name, where=re.sub(r"\s+", " ", f"{self._test}: danelab(...)"))


def _mode(word: str) -> Mode:
    if word not in list(Mode):
        raise UsageError(f"there is no mode {word!r}; {did_you_mean(word, Mode)}")
    return Mode(word)
