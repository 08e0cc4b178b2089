"""The browser of the tests: where it comes from, and that it reaches nobody."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from tests.support import browser
from tests.support.browser import chromium
from tests.support.fixtures import available
from tests.support.packages import Program, Unavailable

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; make installs it")


def test_the_machines_own_chromium_is_taken_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "chromium"
    own.write_text("#!/bin/sh\n", encoding="utf-8")
    own.chmod(0o755)
    monkeypatch.setattr(shutil, "which", {"chromium": str(own)}.get)
    monkeypatch.setattr(Program, "missing_libraries", lambda _: ())
    found = chromium()
    assert (found.program.path, found.fonts) == (own, None)


def test_where_it_cannot_be_had_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("no network")

    monkeypatch.setattr(shutil, "which", {}.get)
    monkeypatch.setattr(browser, "program", refuse)
    with pytest.raises(Unavailable, match="no network"):
        chromium()


def test_it_connects_to_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, available(chromium).started() as running:
        server.settimeout(0.3)
        page = running.new_page()
        for address in (f"http://127.0.0.1:{server.getsockname()[1]}/", "https://example.com/"):
            with pytest.raises(playwright.Error, match="ERR_NAME_NOT_RESOLVED"):
                page.goto(address)
        with pytest.raises(TimeoutError):
            server.accept()


def test_text_has_letters_of_the_width_they_should_have() -> None:
    with available(chromium).started() as running:
        page = running.new_page()
        page.set_content(
            "<span style='font:16px monospace'>MMMM</span><br><span style='font:16px monospace'>iiii</span>"
        )
        wide, narrow = page.evaluate("[...document.querySelectorAll('span')].map((each) => each.offsetWidth)")
    assert wide == narrow > 20
