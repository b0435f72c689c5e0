"""The gallery in a real browser, against the stack that end-to-end tests share."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize, expect, sync_playwright

from tests.browser.visitor import Visitor
from tests.stack import Caller, Stack

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)

# Milliseconds: the machine is shared with the other tests.
expect.set_options(timeout=20_000)

Visits = Callable[..., Visitor]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no chromium here: install it, or name one with CHROMIUM=PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET])
        yield browser
        browser.close()


@pytest.fixture
def visits(chromium: Browser, stack: Stack, caller: Caller) -> Iterator[Visits]:
    """Opens browsers' windows, each with storage of its own; at the end nothing may have gone wrong in any."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def visit(viewport: ViewportSize = DESKTOP, **options: Any) -> Visitor:
        context = chromium.new_context(viewport=viewport, ignore_https_errors=True, **options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        visitors.append(Visitor(context, stack.ready["api_url"].removesuffix("/v1"), caller))
        return visitors[-1]

    yield visit
    for context in contexts:
        for page in context.pages:
            # Now it asks for nothing more. What it asked for is forgotten: a late answer would fail the next test.
            page.goto("about:blank")
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


@pytest.fixture
def visitor(visits: Visits) -> Visitor:
    """Somebody at a desk, signed in."""
    found = visits()
    found.sign_in()
    return found


@pytest.fixture
def at_phone(visits: Visits) -> Visitor:
    """Somebody with a phone, signed in."""
    found = visits(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    found.sign_in()
    return found
