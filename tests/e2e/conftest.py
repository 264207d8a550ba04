"""Debian's Chromium on the running demo, nothing mocked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.demo import Demo

_ARGUMENTS = (
    "--no-sandbox",  # of use to root only, harmless to others
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `e2e`."""
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; skips, saying how to get one, where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium here; provide it with: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def sign_in(page: Page, demo: Demo) -> None:
    """Log in as the demo's admin through the form."""
    page.goto(f"{demo.url}/login/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill((demo.folder / "password").read_text().strip())
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{demo.url}/")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A context of its own for each test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, demo: Demo) -> Page:
    """A page, signed in."""
    page = context.new_page()
    sign_in(page, demo)
    return page
