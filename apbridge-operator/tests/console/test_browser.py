"""The page in a real Chromium: at the width of a desk and of a phone, by light and by dark, by keyboard."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from apbridge.ledger import Ledger, Status
from apbridge_operator.console.serve import report
from apbridge_operator.schedules import Silence
from tests.console.morning import bill_name
from tests.console.visits import Served
from tests.waiting import PATIENCE

pytestmark = pytest.mark.long

SHOTS = Path(__file__).parents[3] / ".screenshots"
SIZES = {"desk": (1280, 900), "phone": (375, 740)}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
CONTRAST = """
const luminance = c => {
  const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = e => {
  for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c) && !/rgba/.test(c)) return c;
  }
  return 'rgb(255, 255, 255)';
};
const weak = [];
const texts = 'h1, h2, h3, p, a, th, td, dd, dt, li, button, summary, code, span, label';
for (const e of document.querySelectorAll(texts)) {
  if (!e.textContent.trim() || e.closest('.unseen, .skip, nav ul, svg')) continue;
  if (!e.getClientRects().length) continue;
  const style = getComputedStyle(e), a = luminance(style.color), b = luminance(ground(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) weak.push(`${e.tagName} ${e.className} ${e.textContent.trim()} ${ratio.toFixed(2)}`);
}
return weak;
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        if "CI" in os.environ:
            pytest.fail("chromium and chromium-driver are not installed")
        pytest.skip("NOT TESTED IN A BROWSER: chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.fixture
def address(browser: WebDriver, served: Served) -> str:
    """Open the printed address as a person does, and return where the pages are."""
    browser.get(served.printed())
    assert browser.find_element(By.TAG_NAME, "h1").text == "In balance, but not running well"
    assert "token" not in browser.current_url
    return browser.current_url.rstrip("/")


def look(browser: Any, size: str, scheme: str) -> None:  # noqa: ANN401
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def keep(browser: Any, name: str) -> None:  # noqa: ANN401
    SHOTS.mkdir(exist_ok=True)
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
    (SHOTS / f"{name}.png").write_bytes(base64.b64decode(shot))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_fits_and_can_be_read(browser: WebDriver, address: str, size: str, scheme: str):
    look(browser, size, scheme)
    pages = {
        "home": "/",
        "balance": "/balance",
        "exceptions": "/exceptions",
        "exception": f"/exceptions/avidxchange/bills/{bill_name(1)}",
        "history": "/history?number=INV-40",
    }
    for name, path in pages.items():
        browser.get(address + path)
        keep(browser, f"{name}-{size}-{scheme}")
        browser.execute_script("for (const e of document.querySelectorAll('details')) e.open = true")
        inner, outer = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert inner <= outer, f"{name} is wider than the {size}"
        assert browser.execute_script(CONTRAST) == [], name


def test_the_balance_is_printed_with_all_its_bills_and_lines_to_sign(browser: WebDriver, address: str):
    look(browser, "desk", "light")
    browser.get(f"{address}/balance")
    seen = "return [...document.querySelectorAll('.bridge td, .signatures p')].map(e => e.checkVisibility())"
    assert not any(browser.execute_script(seen))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = browser.execute_script(seen)
        assert shown
        assert all(shown)
        printed = browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    SHOTS.mkdir(exist_ok=True)
    (SHOTS / "balance.pdf").write_bytes(base64.b64decode(printed))
    assert base64.b64decode(printed).startswith(b"%PDF")


def test_a_clerk_dismisses_one_by_keyboard_alone(browser: WebDriver, address: str, ledger: Ledger):
    look(browser, "desk", "light")
    browser.get(f"{address}/exceptions/avidxchange/bills/{bill_name(1)}")
    first = press(browser, Keys.TAB)
    assert first.text == "Skip to the content"
    assert first.rect["y"] >= 0
    first.send_keys(Keys.ENTER)
    while not press(browser, Keys.TAB).text.startswith("Dismiss"):
        pass
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    press(browser, Keys.TAB).send_keys("a duplicate of INV-2")
    press(browser, Keys.TAB).send_keys("Ann")
    button = press(browser, Keys.TAB)
    assert browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", button) == "solid"
    button.send_keys(Keys.ENTER)
    assert "Dismissed until it changes" in come(browser, "[role=status]").text
    row = ledger.rows("avidxchange", "bills", [bill_name(1)])[bill_name(1)]
    assert row.status is Status.DISMISSED


def test_a_clerk_finds_a_bill_by_a_check_number(browser: WebDriver, address: str):
    look(browser, "phone", "dark")
    browser.get(f"{address}/")
    browser.find_element(By.ID, "search").send_keys("5001", Keys.ENTER)
    come(browser, "nav [href$='/history'][aria-current]")
    assert browser.find_element(By.TAG_NAME, "h1").text == "History of 5001"
    headings = [one.text for one in browser.find_elements(By.TAG_NAME, "h2")]
    assert headings[:2] == ["payment 5001", "bill INV-40"]


def test_nothing_needs_a_script(browser: Any, address: str):  # noqa: ANN401
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{address}/exceptions")
        browser.find_element(By.CSS_SELECTOR, ".decide button").click()
        assert "tries it first" in come(browser, "[role=status]").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_nothing_that_a_vendor_could_plant_in_the_report_runs_or_loads(
    browser: WebDriver, ledger: Ledger, tmp_path: Path
):
    look(browser, "desk", "light")
    planted = (
        "<script>document.title = 'it ran'</script><img src='data:,' onerror=\"document.title = 'it ran'\">"
        "<style>h1 { color: rgb(1, 2, 3) }</style><h1 style='color: rgb(1, 2, 3)'>planted</h1>"
    )
    page = tmp_path / "report.html"
    page.write_text(report(ledger, None, Silence()).replace("</main>", f"{planted}</main>"), encoding="utf-8")
    browser.get(page.as_uri())
    headings = browser.find_elements(By.TAG_NAME, "h1")
    assert [one.text for one in headings] == ["In balance, but not running well", "planted"]
    assert browser.title.startswith("Report of ")
    assert "rgba(1, 2, 3, 1)" not in [one.value_of_css_property("color") for one in headings]
    # Its own style holds.
    body = browser.find_element(By.TAG_NAME, "body")
    assert body.value_of_css_property("background-color") == "rgba(244, 245, 247, 1)"


def come(browser: WebDriver, selector: str) -> Any:  # noqa: ANN401
    """Wait for what only the next page has."""
    wait = WebDriverWait(browser, PATIENCE, ignored_exceptions=[StaleElementReferenceException])
    return wait.until(lambda found: found.find_element(By.CSS_SELECTOR, selector))


def press(browser: WebDriver, key: str) -> Any:  # noqa: ANN401
    """Press a key where the focus is, and return what has the focus then."""
    browser.switch_to.active_element.send_keys(key)
    return browser.switch_to.active_element
