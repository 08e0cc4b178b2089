"""The pytest plugin: fixture and marker `danelab`, `--danelab-target`, and tests that are `*.danelab.toml` files.

It is loaded in every test run of whoever has danelab installed, so it imports nothing of danelab before it is used.
docs/pytest.md tells users about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.library import Danelab, Ran
    from harness.scenario.load import Entry

SUFFIX = ".danelab.toml"
MODES = ("opportunistic", "mandatory", "unaware")
MARKER = 'danelab(*scenarios, mode="opportunistic"): run the test once for each scenario, by id; for fixture danelab'
_EXAMPLE = '@pytest.mark.danelab("ee-mismatch")'


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, and the same as settings in the ini file."""
    group = parser.getgroup("danelab", "danelab: does a mail sender enforce DANE for SMTP?")
    group.addoption(
        "--danelab-target",
        action="append",
        default=[],
        metavar="TARGET",
        help="What *.danelab.toml files and danelab.run() test: builtin, postfix:dane, 'command:CMD {recipient}', ... "
        "as for `danelab run`; may be repeated. Default: builtin.",
    )
    group.addoption(
        "--danelab-mode",
        action="append",
        default=[],
        choices=MODES,
        help="The mode of *.danelab.toml files, where the target has none of its own; may be repeated. "
        "Default: opportunistic.",
    )
    parser.addini("danelab_target", "Targets, one a line, as --danelab-target.", type="linelist", default=[])
    parser.addini("danelab_mode", "Modes, one a line, as --danelab-mode.", type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and look at targets that were typed."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("--danelab-target"):
        from harness.errors import DanelabError
        from harness.targets import named

        for word in config.getoption("--danelab-target"):
            try:
                named(word)
            except DanelabError as error:
                raise pytest.UsageError(f"--danelab-target: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each scenario that the marker names."""
    marks = list(metafunc.definition.iter_markers("danelab"))
    if not marks:
        return
    scenarios = [scenario for mark in reversed(marks) for scenario in mark.args]
    wrong = {key for mark in marks for key in mark.kwargs} - {"mode"}
    problem = ""
    if wrong:
        problem = (
            f"the marker danelab has no argument {sorted(wrong)[0]!r}; write mode=..., or build the world in the test"
        )
    elif not scenarios and "mode" not in marks[0].kwargs:
        problem = f"the marker danelab names no scenario; write {_EXAMPLE}"
    elif not all(isinstance(scenario, str | Path) for scenario in scenarios):
        problem = f"the marker danelab wants ids of scenarios, as text; write {_EXAMPLE}"
    elif "danelab" not in metafunc.fixturenames:
        problem = "the test is marked with danelab and does not take the fixture; add the argument danelab"
    if problem:
        pytest.fail(f"{metafunc.definition.nodeid}: {problem}", pytrace=False)
    if scenarios:
        metafunc.parametrize("_danelab_scenario", scenarios, ids=list(map(str, scenarios)), indirect=True)


@pytest.fixture
def _danelab_scenario(request: pytest.FixtureRequest) -> str | Path | None:
    """What the marker says."""
    scenario: str | Path | None = getattr(request, "param", None)
    return scenario


@pytest.fixture
def danelab(request: pytest.FixtureRequest, _danelab_scenario: str | Path | None) -> Iterator[Danelab]:
    """Labs for this test: `with danelab("ee-mismatch") as lab`, `danelab.judge(..., send=...)`, `danelab.run(...)`."""
    from harness.library import Danelab

    mark = request.node.get_closest_marker("danelab")
    made = Danelab(
        request.node.nodeid,
        scenario=_danelab_scenario,
        mode=mark.kwargs.get("mode", MODES[0]) if mark else MODES[0],
        targets=_targets(request.config),
        folder=request.path.parent,
    )
    yield made
    made.close()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A test that is marked and raises no lab would pass whatever the sender does."""
    result = yield
    used = pyfuncitem.funcargs.get("danelab")
    if pyfuncitem.get_closest_marker("danelab") and not getattr(used, "used", True):
        pytest.fail(
            "the test is marked with danelab and asks for no lab; call danelab(...), judge or run", pytrace=False
        )
    return result


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Users' own scenarios are tests."""
    if not file_path.name.endswith(SUFFIX):
        return None
    made: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    return made


class ScenarioFile(pytest.File):
    """A `*.danelab.toml` file."""

    def collect(self) -> Iterator[ScenarioItem]:
        """A test for each scenario, target and mode."""
        from harness.errors import DanelabError
        from harness.scenario.load import read_file
        from harness.targets import named

        entries, errors = read_file(self.path)
        if errors:
            raise self.CollectError("\n".join(map(str, errors)))
        self._ran: dict[tuple[str, str], Ran] = {}
        for target in _targets(self.config):
            try:
                mode = named(target).mode
            except DanelabError as error:
                raise self.CollectError(f"danelab_target: {error}") from None
            for each in [str(mode)] if mode else _modes(self.config):
                for entry in entries:
                    name = f"{entry.id}[{target}]" if mode else f"{entry.id}[{target}:{each}]"
                    item: ScenarioItem = ScenarioItem.from_parent(self, name=name)
                    item.told(entry, entries, target, each)
                    yield item

    def ran(self, entries: Sequence[Entry], target: str, mode: str) -> Ran:
        """The run of all the file's scenarios, made when the first of its tests wants it."""
        if (target, mode) not in self._ran:
            from harness.library import shelf
            from harness.library.outside import run
            from harness.scenario.models import Mode
            from harness.verdict import Profile

            profile = Profile.of(Mode(mode))
            needed = [each for entry in entries for each in shelf.along(entry, profile, beside=self.path.parent)]
            files = dict.fromkeys([self.path, *(each.file for each in needed if each.file.name.endswith(SUFFIX))])
            ids = [entry.id for entry in entries]
            self._ran[target, mode] = run(ids, targets=[target], mode=mode, files=files, seed=self.nodeid)
        return self._ran[target, mode]


class ScenarioItem(pytest.Item):
    """One scenario of the user's own, for one target in one mode. It speaks danelab's words and shows no Python."""

    def told(self, entry: Entry, entries: Sequence[Entry], target: str, mode: str) -> None:
        """What it is about, and which scenarios are in the file."""
        self._entry, self._entries, self._target, self._mode = entry, entries, target, mode

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.name}: {self._entry.scenario.title}"

    def setup(self) -> None:
        """The run itself: what goes wrong here is an error, and no failure of the target."""
        from harness.errors import DanelabError

        assert isinstance(self.parent, ScenarioFile)
        try:
            self._done = self.parent.ran(self._entries, self._target, self._mode)
        except DanelabError as error:
            raise _in_our_words(str(error)) from None
        problems = self._done.errors(self._entry.id)
        if problems:
            raise _in_our_words(problems)

    def runtest(self) -> None:
        """Judge. Nothing concluded is skipped, unless nothing at all came of the run: a dead target must not pass."""
        import warnings
        from unittest import SkipTest

        from harness.library.telling import Inconclusive

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                self._done.conclude(self._entry.id)
            except Inconclusive as reason:
                if not self._done.concluded:
                    raise _in_our_words(str(reason)) from None
                raise pytest.skip.Exception(str(reason)) from None
            except SkipTest as reason:
                raise pytest.skip.Exception(str(reason)) from None
            except AssertionError as story:
                raise _in_our_words(str(story)) from None
        for warning in told:
            self.warn(pytest.PytestWarning(str(warning.message)))


def _in_our_words(text: str) -> BaseException:
    """A failure that shows no Python."""
    return pytest.fail.Exception(text, pytrace=False)


def _targets(config: pytest.Config) -> Sequence[str]:
    return _said(config, "danelab_target") or ("builtin",)


def _modes(config: pytest.Config) -> Sequence[str]:
    modes = _said(config, "danelab_mode") or MODES[:1]
    for mode in modes:
        if mode not in MODES:
            raise pytest.Collector.CollectError(
                f"danelab_mode: there is no mode {mode!r}; write one of {', '.join(MODES)}"
            )
    return modes


def _said(config: pytest.Config, name: str) -> Sequence[str]:
    typed: list[str] = config.getoption(name)
    written: Any = config.getini(name)
    return tuple(dict.fromkeys(typed or written))
