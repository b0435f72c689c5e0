"""For everybody: by keyboard alone, on a phone, in the dark, and with a screen reader."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from lumeo.errors import ErrorCode
from lumeo.public import SENTENCES as SENTENCES_OF
from tests.browser.conftest import DESKTOP, PHONE, Visits
from tests.browser.visitor import Visitor
from tests.stack import ROOT, Caller, Stack

AXE = ROOT / "tests" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
ENDED = ("sim/one", "sim/many", "sim/video", "sim/audio", "sim/nested", "sim/tokens", "sim/nsfw", "sim/traceback")
OPEN = ("sim/stuck", "sim/queued")
has_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not set up here: make test does it")
DETAILS = ("sim/many", "sim/audio", "sim/nested", "sim/nsfw", "sim/traceback", "sim/stuck")


def presses(visitor: Visitor, key: str, until: Any) -> None:
    """Presses a key until something has the focus."""
    for _ in range(60):
        if until.count() and until.evaluate("(one) => one === document.activeElement"):
            return
        visitor.page.keyboard.press(key)
    pytest.fail(f"{until} cannot be reached by {key}")


def test_by_keyboard_alone(visits: Visits) -> None:
    """Signs in, makes one, opens it, copies its link, closes it, and stands where it was."""
    visitor = visits()
    page = visitor.page
    visitor.goes_to("/")
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type(visitor.caller.key)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Prompt")).to_be_visible()
    presses(visitor, "Tab", page.get_by_label("Prompt"))
    page.keyboard.type("by keyboard")
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    visitor.sees("by keyboard", "succeeded")
    link = visitor.card("by keyboard").get_by_role("link")
    presses(visitor, "Tab", link)
    page.keyboard.press("Enter")
    expect(visitor.detail).to_be_visible()
    presses(visitor, "Tab", visitor.detail.get_by_role("button", name="Copy link to 0.png"))
    presses(visitor, "Tab", visitor.detail.get_by_role("tab", name="curl"))
    page.keyboard.press("ArrowRight")
    expect(visitor.detail.get_by_role("tab", name="Python")).to_be_focused()
    expect(visitor.detail.get_by_role("tabpanel")).to_contain_text("replicate.Client")
    page.keyboard.press("Escape")

    expect(visitor.detail).to_have_count(0)
    expect(link).to_be_focused()


def test_the_focus_is_seen(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Tab")

    width = visitor.page.locator(":focus-visible").evaluate("(one) => getComputedStyle(one).outlineWidth")
    assert float(width.removesuffix("px")) >= 2


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_a_phone(at_phone: Visitor, width: int) -> None:
    at_phone.page.set_viewport_size({"width": width, "height": 700})
    for model in ("sim/many", "sim/nsfw", "sim/traceback"):
        at_phone.caller.ended(at_phone.caller.submit(model, prompt=f"{model} {'on a phone ' * 20}")["id"])
    at_phone.page.reload()
    overflow = "() => document.documentElement.scrollWidth - innerWidth"
    expect(at_phone.page.get_by_role("listitem")).to_have_count(3)
    assert at_phone.evaluates(overflow) <= 0
    at_phone.card("sim/many").get_by_role("link").tap()
    expect(at_phone.detail.get_by_role("img")).to_have_count(4)

    assert at_phone.evaluates(overflow) <= 0
    box = at_phone.detail.bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, width)
    assert at_phone.evaluates("() => document.querySelector('dialog .both').scrollWidth") <= width
    at_phone.detail.get_by_role("button", name="Close").tap()
    expect(at_phone.detail).to_have_count(0)


def test_the_dark(visits: Visits) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        visitor = visits(color_scheme=scheme)
        visitor.sign_in()
        ground = visitor.evaluates("() => getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(int(part) for part in ground.removeprefix("rgb(").removesuffix(")").split(",")))

    light, dark = grounds
    assert light > 600
    assert dark < 150


def test_nothing_moves_for_who_wants_stillness(visits: Visits) -> None:
    visitor = visits(reduced_motion="reduce")
    visitor.sign_in()
    visitor.caller.submit("sim/stuck", prompt="still")
    visitor.page.reload()
    card = visitor.card("still")
    bar = card.get_by_role("progressbar", name="Progress of still")

    assert bar.evaluate("(one) => getComputedStyle(one).animationName") == "none"
    assert card.evaluate("(one) => getComputedStyle(one).transitionDuration") == "0s"


IS_CUT = """(sign) => {
    const [inner, outer] = [sign, sign.parentElement].map((one) => one.getBoundingClientRect());
    const beyond = inner.top < outer.top || inner.bottom > outer.bottom || inner.right > outer.right;
    return beyond || sign.scrollWidth > sign.clientWidth;
}"""
SENTENCES = (SENTENCES_OF[ErrorCode.PROVIDER_ACCOUNT], SENTENCES_OF[ErrorCode.SUBMISSION_UNCERTAIN])


def test_a_long_sentence_is_whole_on_a_phone(at_phone: Visitor) -> None:
    """And where nothing was made, that is said."""
    for model in ("sim/traceback", "sim/traceback", "sim/text"):
        at_phone.caller.ended(at_phone.caller.submit(model, prompt=model)["id"])

    def said(route: Route) -> None:
        answer = route.fetch()
        listed = answer.json()
        listed["results"][0]["output"] = [""]
        for one, sentence in zip(listed["results"][1:], SENTENCES, strict=True):
            one["error"] = sentence
        route.fulfill(response=answer, json=listed)

    at_phone.page.route("**/v1/predictions?", said)
    at_phone.page.reload()
    signs = at_phone.page.locator(".stage .sign")
    expect(signs).to_have_text(["Nothing.", *SENTENCES])

    for width in (353, 420):
        at_phone.page.set_viewport_size({"width": width, "height": 700})
        assert [signs.nth(n).evaluate(IS_CUT) for n in range(3)] == [False] * 3


@pytest.fixture(scope="module")
def exhibition(stack: Stack) -> Iterator[Caller]:
    """Somebody who has one of each kind."""
    caller = Caller(stack, "exhibition")
    with caller.session:
        made = [caller.submit(model, prompt=model)["id"] for model in (*ENDED, *OPEN)]
        for one in made[: len(ENDED)]:
            caller.ended(one)
        yield caller


@has_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(visits: Visits, exhibition: Caller, viewport: Any, scheme: str) -> None:
    """At the door, in the grid with every state, in the form with all its fields, and in the details."""
    visitor = visits(viewport, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    visitor.goes_to("/")
    assert findings(visitor) == []
    visitor.sign_in(exhibition.key)
    visitor.page.get_by_text("Settings").click()
    expect(visitor.page.get_by_role("listitem")).to_have_count(len(ENDED) + len(OPEN))
    visitor.sees("sim/stuck", "processing")
    assert findings(visitor) == []
    for model in DETAILS:
        visitor.opens(model)
        assert findings(visitor) == []
        visitor.page.keyboard.press("Escape")


@has_axe
def test_axe_would_find_it(visitor: Visitor) -> None:
    """So that the test above can fail."""
    visitor.evaluates("() => document.querySelector('#field-prompt').removeAttribute('id')")
    visitor.evaluates("() => document.querySelector('header').style.color = '#ddd'")

    assert {finding.partition(":")[0] for finding in findings(visitor)} >= {"label", "color-contrast"}


def findings(visitor: Visitor) -> list[str]:
    if not visitor.evaluates("() => 'axe' in window"):
        visitor.page.evaluate(AXE.read_text())
    found = visitor.evaluates("() => axe.run()")
    return [
        f"{one['id']}: {node['html']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
