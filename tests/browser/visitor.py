"""Somebody who looks at the gallery."""

import re
from re import Pattern
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Route, expect

from tests.stack import Caller
from tests.waiting import until

VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violates ${event.effectiveDirective}: ${event.blockedURI}`);
});
"""


class Visitor:
    """A window with the gallery. `faults`: errors, violations of its policy, and what was asked of anybody else."""

    def __init__(self, context: BrowserContext, origin: str, caller: Caller) -> None:
        self.context = context
        self.origin = origin
        self.caller = caller
        self.faults: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.other: str | None = None
        """Another origin that a test plays."""
        context.add_init_script(VIOLATIONS)
        self.page = self.window()

    def window(self) -> Page:
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._asked)
        return page

    def expects(self, *faults: str) -> None:
        """What the browser may complain of: parts of its words."""
        self.expected = faults

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in self.expected):
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        # A test runs next to nobody else's server.
        ours = {urlsplit(one).netloc for one in (self.origin, self.other) if one}
        if urlsplit(request.url).netloc not in ours and not request.url.startswith("about:"):
            self.faults.append(f"asked {request.url}")

    def goes_to(self, path: str) -> None:
        self.page.goto(self.origin + path)

    def sign_in(self, key: str | None = None, path: str = "/") -> None:
        self.goes_to(path)
        self.page.get_by_label("API key").fill(key or self.caller.key)
        self.page.get_by_role("button", name="Sign in").click()
        if key != "lum_wrong":
            expect(self.page.get_by_role("button", name="Sign out")).to_be_attached()

    def chooses(self, model: str) -> None:
        """Fills in the model; not while the page puts in the catalogue's first, or both would stand there."""
        expect(self.page.locator("#model")).not_to_have_value("")
        self.page.locator("#model").fill(model)

    def runs(self, model: str, prompt: str, count: int = 1) -> None:
        """Fills in the form and sends it."""
        self.chooses(model)
        form = self.page.get_by_role("form")
        expect(form.get_by_text(f"of {model}")).to_be_visible()
        form.get_by_label("Prompt").fill(prompt)
        form.get_by_label("How many").select_option(str(count))
        form.get_by_role("button", name="Run").click()

    def card(self, prompt: str) -> Locator:
        """Those that were made of a prompt."""
        return self.page.get_by_role("listitem").filter(has_text=prompt)

    def sees(self, prompt: str, state: str, seconds: float = 20) -> Locator:
        """The card of a prompt, once it is in a state."""
        card = self.card(prompt)
        expect(card).to_have_attribute("data-state", state, timeout=1000 * seconds)
        return card

    def sees_all(self) -> None:
        """Scrolls until there is nothing older."""
        expect(self.page.get_by_role("listitem").first).to_be_visible()
        while self.page.get_by_role("button", name=re.compile("Show more|Loading")).count():
            self.page.mouse.wheel(0, 6000)
            self.page.wait_for_timeout(50)

    @property
    def detail(self) -> Locator:
        return self.page.get_by_role("dialog")

    def opens(self, prompt: str) -> Locator:
        self.card(prompt).locator(".title").click()
        expect(self.detail.get_by_role("heading", name=prompt)).to_be_visible()
        return self.detail

    def holds(self, address: str | Pattern[str]) -> list[Route]:
        """What will be asked of an address, which gets no answer."""
        held: list[Route] = []
        self.page.route(address, lambda route: held.append(route))  # noqa: PLW0108 (Playwright marks it)
        return held

    def asks(self, held: list[Route]) -> Route:
        """The first of those that are held, once it has come."""

        def look() -> list[Route]:
            # Playwright hears of it meanwhile.
            self.page.wait_for_timeout(20)
            return held

        first: Route = until(look, bool)[0]
        return first

    def evaluates(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)
