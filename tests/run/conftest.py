"""One run of each mode through all scenarios, shared by the tests of a session."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .danelab import Done, run


@pytest.fixture(scope="session")
def mode_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Done]:
    """What `danelab run --mode MODE` does, run when it is first asked for."""
    done: dict[str, Done] = {}

    def get(mode: str) -> Done:
        if mode not in done:
            done[mode] = run("--mode", mode, out=tmp_path_factory.mktemp(mode) / "out")
        return done[mode]

    return get
