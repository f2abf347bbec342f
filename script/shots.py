"""Pictures of every page of a demo hub, in both themes and two widths; says which page overflows, fails or complains."""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

WIDTHS = (390, 1440)
THEMES = ("dark", "light")
START_S = 90
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
INNER = (
    "/automations/new",
    "/integrations",
    "/settings/tokens",
    "/settings/sessions",
    "/developer/services",
    "/developer/services/regie/log",
    "/developer/events",
    "/search?q=live",
    "/style",
    "/nowhere",
)
"""Pages that no link of the navigation leads to."""
SETTLE_MS = 700


def main() -> int:
    """Take the pictures; 1 when a page did not look right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("build/shots"))
    parser.add_argument("--link", help="a link that signs in to a hub that runs already")
    parser.add_argument("--wait", type=float, default=15, help="seconds for the household to come to life")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        if options.link:
            complaints = _photograph(browser, options.link, options.folder)
        else:
            with _demo() as link:
                time.sleep(options.wait)
                complaints = _photograph(browser, link, options.folder)
    print("\n".join(complaints) or f"All pages are in {options.folder}.")
    return 1 if complaints else 0


@contextmanager
def _demo() -> Iterator[str]:
    """A demo hub on a free port; its sign-in link."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("regie")), "run", "--demo", "--data-dir", folder, "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            yield _link(process)
        finally:
            process.terminate()
            process.wait(30)


def _link(process: "subprocess.Popen[str]") -> str:
    deadline = time.monotonic() + START_S
    while process.stdout and time.monotonic() < deadline and (line := process.stdout.readline()):
        if found := re.search(r"http://\S+/demo/\S+", line):
            return found.group()
    raise SystemExit("The demo hub did not start: try script/run --demo")


def _photograph(browser: Browser, link: str, folder: Path) -> list[str]:
    context = browser.new_context()
    first = context.new_page()
    first.goto(link)
    base = re.sub(r"(https?://[^/]+).*", r"\1", link)
    paths = _paths(first)
    state = context.storage_state()
    context.close()
    complaints = []
    for theme in THEMES:
        for width in WIDTHS:
            viewport = {"width": width, "height": 900}
            context = browser.new_context(storage_state=state, viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
            complaints += [text for path in paths for text in _shot(context, base, path, folder / f"{width}-{theme}")]
            context.close()
    return complaints


def _paths(page: Page) -> list[str]:
    """What the navigation, its tabs and the lists lead to."""
    found = _links(page, ".rail a")
    for path in list(found):
        page.goto(re.sub(r"(https?://[^/]+).*", r"\1", page.url) + path)
        found += _links(page, ".tabs a")
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1", page.url) + "/plugins")
    found += _links(page, ".tile")[:2]
    return list(dict.fromkeys([*found, *INNER]))


def _links(page: Page, selector: str) -> list[str]:
    return [link.get_attribute("href") or "/" for link in page.locator(selector).all() if link.get_attribute("href")]


def _shot(context: BrowserContext, base: str, path: str, folder: Path) -> list[str]:
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(f"{path}: {error}"))
    response = page.goto(base + path)
    page.wait_for_timeout(SETTLE_MS)
    folder.mkdir(exist_ok=True)
    name = re.sub(r"\W+", "-", path).strip("-") or "dashboard"
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    if response is None or (response.status != 200 and path != "/nowhere"):
        complaints.append(f"{path}: status {response.status if response else 'none'}")
    excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if excess > 0:
        complaints.append(f"{path} at {folder.name}: {excess} px wider than the window")
    page.close()
    return complaints


if __name__ == "__main__":
    sys.exit(main())
