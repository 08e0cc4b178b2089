"""The HTML report in a real browser: Debian's chromium, driven by playwright, at desktop and phone width.

The pictures go to the folder that DANELAB_ARTEFACTS names, or to pytest's own; the end of the run tells where they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.report.drawing import drawing
from harness.report.html import Recorded, side_by_side, text
from harness.scenario.suite import load_suite
from tests.support.browser import chromium
from tests.support.fixtures import KEPT, available

from .pages import mixed_page
from .runs import conforming, mixed
from .test_html import hostile_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; make installs it")

DESKTOP = {"width": 1440, "height": 1000}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with available(chromium).started() as running:
        yield running


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("DANELAB_ARTEFACTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def artefacts(gallery: Path, record_property: Callable[[str, object], None]) -> Path:
    """Where pictures go; told at the end of the run."""
    record_property(KEPT, f"Pictures of the HTML report: {gallery}")
    return gallery


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of a failing, a passing and a hostile report."""
    folder = tmp_path_factory.mktemp("pages")
    made = {"failing": mixed_page(), "passing": text(conforming(30)), "hostile": hostile_page()}
    for name, page in made.items():
        folder.joinpath(f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder.joinpath(f"{name}.html").as_uri() for name in made}


class Tab:
    """A page that keeps what the browser complains of and whatever it asks the network for."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": DESKTOP, **options})
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def picture(self, path: Path, *, full_page: bool = False) -> None:
        """Keeps a screenshot: on a machine with its hands full, Chromium may say it is unable to.

        What the page is like is asserted without it. So it is an error only where someone waits for the pictures.
        """
        for pause in (0.5, 1, 2, 4, None):
            try:
                self.page.screenshot(path=path, full_page=full_page)
            except playwright.Error as problem:
                if pause is not None:
                    self.page.wait_for_timeout(pause * 1000)
                elif "DANELAB_ARTEFACTS" in os.environ:
                    raise
                else:
                    print(f"no {path.name}: {problem.message}")
            else:
                return

    @property
    def fetched(self) -> list[str]:
        """What was asked for beside the file itself and what it holds."""
        return [url for url in self.asked if not url.startswith(("file:", "data:"))]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("report", ["failing", "passing"])
def test_it_fits_its_window_and_the_browser_has_nothing_to_complain_of(
    browser: Browser, pages: dict[str, str], artefacts: Path, report: str, width: str, scheme: str
) -> None:
    size = DESKTOP if width == "desktop" else PHONE
    with Tab(browser, pages[report], viewport=size, color_scheme=scheme, reduced_motion="reduce") as tab:
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        tab.picture(path=artefacts / f"{report}-{width}-{scheme}.png")
        cell = tab.page.locator("td a").last
        cell.scroll_into_view_if_needed()
        tab.picture(path=artefacts / f"{report}-{width}-{scheme}-matrix.png")
        cell.click()
        assert tab.page.locator(".ev:visible").count() == 1
        assert tab.page.locator(".sheet:visible .tl, .sheet:visible .story").first.is_visible()
        tab.picture(path=artefacts / f"{report}-{width}-{scheme}-evidence.png")
        assert not tab.complaints
        assert not tab.fetched


@pytest.mark.parametrize("number", [2, 10])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_many_columns_are_scrolled_within_their_table(
    browser: Browser, tmp_path: Path, size: dict[str, int], number: int
) -> None:
    page = tmp_path / "many.html"
    page.write_text(side_by_side(*[Recorded(report=mixed(), label=f"run {each}") for each in range(number)]), "utf-8")
    with Tab(browser, page.as_uri(), viewport=size) as tab:
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        tab.page.locator("td a").last.scroll_into_view_if_needed()
        tab.page.locator("td a").last.click()
        assert tab.page.locator(".ev:visible").count() == 1


def test_it_can_be_read_with_scripts_off(browser: Browser, pages: dict[str, str], artefacts: Path) -> None:
    with Tab(browser, pages["failing"], java_script_enabled=False) as tab:
        assert tab.page.locator("#filters").is_hidden()
        tab.page.locator("td a[href='#stripped/built-in-sender']").click()
        shown = tab.page.locator(".ev:visible")
        assert shown.count() == 1
        assert "Leaked: the whole message" in shown.inner_text()
        assert tab.page.locator(".sheet:visible svg.w").is_visible()
        tab.picture(path=artefacts / "failing-no-script.png")
        tab.page.locator(".sheet:visible .close").click()
        assert tab.page.locator(".sheet:visible").count() == 0
        assert tab.page.locator("#r-stripped").is_visible()


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [
        ("verdict", "x", 5),
        ("verdict", "i", 1),
        ("grade", "fs", 2),
        ("group", "aliases", 2),
        ("words", "MX host alias", 1),
        ("requirement", "7672-2.2-1", 9),
        ("requirement", "7672-2", 9),
        ("requirement", "7672-2.2-12", 0),
    ],
)
def test_filters_leave_the_rows_that_fit(
    browser: Browser, pages: dict[str, str], field: str, value: str, left: int
) -> None:
    with Tab(browser, pages["failing"]) as tab:
        rows = tab.page.locator("tbody tr:not(.g):visible")
        assert rows.count() == 9
        control = tab.page.locator(f"[name={field}]")
        if field in ("words", "requirement"):
            control.fill(value)
        else:
            control.select_option(value)
        playwright.expect(tab.page.locator("#shown")).to_have_text(f"{left} of 9 scenarios")
        assert rows.count() == left
        assert tab.page.locator("#none").is_visible() == (left == 0)
        tab.page.locator("[type=reset]").click()
        playwright.expect(tab.page.locator("#shown")).to_have_text("9 of 9 scenarios")


def test_it_can_be_used_from_the_keyboard(browser: Browser, pages: dict[str, str]) -> None:
    with Tab(browser, pages["failing"]) as tab:
        cell = tab.page.locator("td a[href='#mismatch/built-in-sender']")
        cell.focus()
        tab.page.keyboard.press("Enter")
        playwright.expect(tab.page.locator("[id='mismatch/built-in-sender']")).to_be_focused()
        tab.page.keyboard.press("Tab")
        # The focus moves by itself; what is behind is told a moment later.
        for each in tab.page.locator(".top, #matrix").all():
            playwright.expect(each).to_have_js_property("inert", True)  # noqa: FBT003 (JavaScript's)
        tab.page.keyboard.press("ArrowRight")
        playwright.expect(tab.page.locator("[id='mismatch']")).to_be_focused()
        tab.page.keyboard.press("Escape")
        playwright.expect(tab.page.locator(".sheet:visible")).to_have_count(0)
        playwright.expect(cell).to_be_focused()
        for each in tab.page.locator(".top, #matrix").all():
            playwright.expect(each).to_have_js_property("inert", False)  # noqa: FBT003 (JavaScript's)


def test_no_script_runs_that_a_peer_has_slipped_in(browser: Browser, pages: dict[str, str]) -> None:
    with Tab(browser, pages["hostile"]) as tab:
        for link in tab.page.locator("td a").all():
            tab.page.goto(tab.page.url.split("#")[0] + (link.get_attribute("href") or ""))
        assert tab.page.locator("script").count() == 1
        assert tab.page.locator("img").count() == 0
        assert not tab.complaints
        assert not tab.fetched


def test_even_a_script_that_got_in_would_not_run(browser: Browser, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.html"
    extra = (
        "<script>document.title='run'</script><img src='https://tracker.example/x' onerror=\"document.title='run'\">"
    )
    spoilt.write_text(mixed_page().replace("</main>", f"{extra}</main>"), encoding="utf-8")
    with Tab(browser, spoilt.as_uri()) as tab:
        assert tab.page.title() == "danelab: built-in sender"
        assert any("Content Security Policy" in complaint for complaint in tab.complaints)


def test_on_paper_the_failures_are_told_and_nothing_is_fixed_in_place(
    browser: Browser, pages: dict[str, str], artefacts: Path
) -> None:
    with Tab(browser, pages["failing"]) as tab:
        tab.page.emulate_media(media="print")
        assert tab.page.locator("#filters").is_hidden()
        assert tab.page.locator(".ev.k-fs:visible").count() == 2
        assert tab.page.locator(".ev.k-p:visible").count() == 0
        assert tab.page.evaluate("getComputedStyle(document.querySelector('.sheet')).position") == "static"
        tab.page.pdf(path=artefacts / "failing.pdf", format="A4")


def test_in_a_drawing_no_words_leave_their_card_or_lie_on_others(browser: Browser, artefacts: Path) -> None:
    scenarios = [each.scenario for each in load_suite()]
    with Tab(browser, "about:blank") as tab:
        body = "".join(f"<section id='{each.id}'><h3>{each.id}</h3>{drawing(each)}</section>" for each in scenarios)
        tab.page.set_content(f"<!doctype html><meta charset=utf-8><body>{body}")
        wrong = tab.page.evaluate(
            """[...document.querySelectorAll('svg.w')].flatMap((svg) => {
            const box = (shape) => { const b = shape.getBBox();
                return { x: b.x, y: b.y, right: b.x + b.width, low: b.y + b.height, words: shape.lastChild?.data }; };
            const texts = [...svg.querySelectorAll('text')].map(box);
            const cards = [...svg.querySelectorAll('rect.w-card, rect.w-zone')].map(box);
            const spilt = (text) => text.right > svg.viewBox.baseVal.width || cards.some((card) => text.x >= card.x
                && text.x < card.right && text.y >= card.y - 2 && text.low <= card.low + 4 && text.right > card.right);
            const laid = (one, other) => Math.min(one.right, other.right) - Math.max(one.x, other.x) > 1
                && Math.min(one.low, other.low) - Math.max(one.y, other.y) > 4;
            const id = svg.parentNode.id;
            const pairs = texts.flatMap((one, place) => texts.slice(place + 1).map((other) => [one, other]));
            return [...texts.filter(spilt).map((text) => [id, text.words]),
                ...pairs.filter((pair) => laid(...pair)).map(([one, other]) => [id, one.words, other.words])];
            })"""
        )
        assert not wrong
        tab.page.evaluate("[...document.querySelectorAll('section')].slice(40).forEach((each) => each.remove())")
        tab.picture(path=artefacts / "worlds.png", full_page=True)
