"""What follows from what a run was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness import cli
from harness.commands import choices
from harness.commands.choices import choose_resolver
from harness.isolation import launch
from harness.lab.resolvers import ResolverSoftware
from harness.targets import Network, named


@pytest.fixture
def _unbound_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "prefix_of", lambda _, **__: Path("/"))
    monkeypatch.setattr("os.cpu_count", lambda: 2)


@pytest.mark.parametrize(
    ("words", "network", "chosen"),
    [
        (("postfix:dane",), Network.NAMESPACE, ResolverSoftware.UNBOUND),
        (("postfix:dane", "builtin"), Network.NAMESPACE, ResolverSoftware.UNBOUND),
        (("postfix:dane", "exim:try", "opensmtpd"), Network.NAMESPACE, ResolverSoftware.SIMULATED),
        (("builtin",), Network.NAMESPACE, ResolverSoftware.SIMULATED),
        (("builtin",), Network.LOOPBACK, ResolverSoftware.SIMULATED),
    ],
)
@pytest.mark.usefixtures("_unbound_is_there")
def test_the_usual_resolver(words: Sequence[str], network: Network, chosen: ResolverSoftware) -> None:
    assert choose_resolver("auto", network, [named(word) for word in words]) is chosen


@pytest.mark.parametrize(
    "words",
    [
        ("run", "-t", "postfix:dane", "--", "ee-311"),
        ("matrix", "-t", "postfix:dane", "--", "matrix-sec-*"),
        ("demo", "--target", "postfix:dane"),
    ],
)
def test_in_namespaces_it_is_the_same_command(words: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of danelab's own must not come behind `--`, where it would be taken for a pattern."""
    entered: list[Sequence[str]] = []

    def enter_with(work: Callable[[], int]) -> int:
        monkeypatch.setattr(cli.danelab, "main", lambda args, **_: entered.append(args))
        work()
        return 0

    monkeypatch.setattr(launch, "enter_with", enter_with)
    monkeypatch.setattr("harness.targets.managed.fetch_or_say", lambda _: None)
    monkeypatch.setattr("harness.commands.run.prefix_of", lambda _, **__: None)
    monkeypatch.setattr(sys, "argv", ["danelab", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 0
    assert entered == [[words[0], "--inside", *words[1:]]]
