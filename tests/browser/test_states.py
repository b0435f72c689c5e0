"""Every state of a prediction is shown as what it is."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Visits
from tests.browser.visitor import Visitor
from tests.stack import Caller, Stack

CDN = "https://cdn.test"
COLLECTED = ("sim/one", "sim/video")
SENTENCES = {
    "refused": "This content was rejected.",
    "failed": "The generation failed.",
    "canceled": "It was canceled before its end.",
    "deleted": "Its input and output were deleted.",
}


def test_from_its_start_to_its_end(visitor: Visitor) -> None:
    """With a bar that grows, and with words as they come; without a reload."""
    visitor.caller.submit("sim/tokens", prompt="word by word", processing=11)
    visitor.caller.submit("sim/script", prompt="a slow picture", starting=2, processing=9)
    visitor.page.reload()
    words, card = visitor.card("word by word"), visitor.sees("a slow picture", "starting")
    expect(card).to_contain_text("Starting")
    visitor.sees("a slow picture", "processing")
    expect(card).to_contain_text(re.compile(r"Running · \d+ % · \d"), timeout=15_000)
    assert 0 < float(card.get_by_role("progressbar").get_attribute("value") or 0) < 1
    expect(words.locator(".moving .words")).to_have_text(re.compile("The"), timeout=15_000)
    visitor.sees("a slow picture", "succeeded")
    visitor.sees("word by word", "succeeded")

    picture = card.locator("img")
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 512


@pytest.mark.parametrize(
    ("model", "state"), [("sim/nsfw", "refused"), ("sim/traceback", "failed"), ("sim/interrupted", "failed")]
)
def test_what_ended_badly(visitor: Visitor, model: str, state: str) -> None:
    prompt = f"{model} by itself"
    visitor.caller.ended(visitor.caller.submit(model, prompt=prompt)["id"])
    visitor.page.reload()
    card = visitor.sees(prompt, state)

    shown = visitor.caller.call("GET", "/predictions").json()["results"][0]["error"]
    expect(card).to_contain_text(shown)
    expect(visitor.opens(prompt)).to_contain_text(shown)
    expect(visitor.detail).not_to_contain_text("Traceback")


def test_what_was_refused_did_not_fail(visitor: Visitor) -> None:
    """Other words, another sign, and another ground: not by colour alone."""
    for model in ("sim/nsfw", "sim/traceback"):
        visitor.caller.ended(visitor.caller.submit(model, prompt=model)["id"])
    visitor.page.reload()
    refused, failed = visitor.sees("sim/nsfw", "refused"), visitor.sees("sim/traceback", "failed")

    for card, state in ((refused, "refused"), (failed, "failed")):
        expect(card.locator(".stage")).to_have_text(SENTENCES[state])
        expect(card.locator(".state")).to_have_text(state.capitalize())
    grounds = [
        card.locator(".stage").evaluate("(one) => getComputedStyle(one).background") for card in (refused, failed)
    ]
    signs = [card.locator("path").get_attribute("d") for card in (refused, failed)]
    assert "gradient" in grounds[0]
    assert "gradient" not in grounds[1]
    assert signs[0] != signs[1]


def test_cancel(visitor: Visitor, stack: Stack) -> None:
    visitor.runs("sim/stuck", "to be stopped")
    visitor.sees("to be stopped", "processing")
    visitor.opens("to be stopped").get_by_role("button", name="Cancel").click()

    visitor.sees("to be stopped", "canceled")
    expect(visitor.detail).to_contain_text(SENTENCES["canceled"])
    expect(visitor.detail.get_by_role("button", name="Cancel")).to_have_count(0)


def test_delete_asks_first(visitor: Visitor) -> None:
    made = visitor.caller.ended(visitor.caller.submit("sim/one", prompt="to be deleted")["id"])
    visitor.page.reload()
    detail = visitor.opens("to be deleted")
    detail.get_by_role("button", name="Delete").click()
    expect(detail.get_by_role("button", name="Keep")).to_be_focused()
    visitor.page.keyboard.press("Enter")
    assert not visitor.caller.get(made["id"])["data_removed"]

    detail.get_by_role("button", name="Delete").click()
    detail.get_by_role("button", name="Delete for good").click()
    expect(detail.locator(".whole")).to_have_attribute("data-state", "deleted")
    expect(detail).to_contain_text(SENTENCES["deleted"])
    assert visitor.caller.get(made["id"])["data_removed"]


def test_a_late_answer_brings_nothing_back(visitor: Visitor) -> None:
    """A list that was under way while one deleted what is in it."""
    made = visitor.caller.ended(visitor.caller.submit("sim/one", prompt="gone for good")["id"])
    held = visitor.holds("**/v1/predictions?")
    visitor.goes_to(f"/p/{made['id']}")
    late = visitor.asks(held)
    listed = late.fetch()
    visitor.detail.get_by_role("button", name="Delete").click()
    visitor.detail.get_by_role("button", name="Delete for good").click()
    expect(visitor.detail.get_by_text("Deleted", exact=True).first).to_be_visible()
    visitor.page.keyboard.press("Escape")
    late.fulfill(response=listed)

    expect(visitor.page.get_by_role("listitem")).to_have_attribute("data-state", "deleted")
    expect(visitor.page.get_by_role("listitem").locator("img")).to_have_count(0)


@pytest.mark.parametrize(
    ("model", "part"),
    [
        ("sim/video", "video"),
        ("sim/audio", "audio"),
        ("sim/text", "p.words"),
        ("sim/tokens", "p.words"),
        ("sim/big", "a.sign"),
        ("sim/nested", "pre.words"),
        ("sim/many", "img >> nth=3"),
    ],
)
def test_an_output_is_shown_as_itself(visitor: Visitor, model: str, part: str) -> None:
    prompt = f"something of {model}"
    made = visitor.caller.ended(visitor.caller.submit(model, prompt=prompt)["id"])
    visitor.page.reload()
    visitor.sees(prompt, "succeeded")
    shown = visitor.opens(prompt).locator(f".whole {part}")

    expect(shown).to_be_visible()
    if part in {"video", "audio"}:
        expect(shown).to_have_js_property("readyState", 4)
        shown.evaluate("(one) => { one.muted = true; return one.play(); }")
        expect(shown).not_to_have_js_property("currentTime", 0)
    if model in {"sim/text", "sim/tokens"}:
        expect(shown).to_have_text("".join(made["output"]))


@pytest.fixture(scope="module")
def collection(stack: Stack) -> Iterator[Caller]:
    """Somebody who has a picture and a film."""
    caller = Caller(stack, "collection")
    with caller.session:
        for one in [caller.submit(model, prompt=f"kept of {model}", processing=0)["id"] for model in COLLECTED]:
            caller.ended(one)
        yield caller


def test_a_file_that_is_kept_no_more(visits: Visits, collection: Caller) -> None:
    """In the grid and in the whole."""
    visitor = visits()
    visitor.expects("403")
    visitor.page.route("**/outputs/**", lambda route: route.fulfill(status=403))
    visitor.sign_in(collection.key)

    for model in COLLECTED:
        expect(visitor.card(f"kept of {model}").locator(".stage")).to_contain_text("kept no more")
        expect(visitor.opens(f"kept of {model}").locator(".whole")).to_contain_text("kept no more")
        visitor.page.keyboard.press("Escape")
        expect(visitor.detail).to_have_count(0)
    # Nor could any be had while one was offline.
    visitor.page.unroute("**/outputs/**")
    visitor.evaluates("() => dispatchEvent(new Event('online'))")
    expect(visitor.card("kept of sim/one").locator("img")).to_have_js_property("naturalWidth", 512)
    expect(visitor.card("kept of sim/video").locator("video")).not_to_have_js_property("readyState", 0)


def test_outputs_of_another_origin(visits: Visits, collection: Caller) -> None:
    """As deployed: the files are the CDN's, and the policy names it."""
    visitor = visits()
    visitor.other = CDN

    def named(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(f"{visitor.origin}/outputs/", f"{CDN}/outputs/"))

    def page(route: Route) -> None:
        answer = route.fetch()
        meta, policy = f'name="outputs" content="{visitor.origin}"', answer.headers["content-security-policy"]
        assert meta in answer.text()
        headers = answer.headers | {"content-security-policy": policy.replace(visitor.origin, CDN)}
        route.fulfill(status=200, body=answer.text().replace(meta, meta.replace(visitor.origin, CDN)), headers=headers)

    visitor.page.route(f"{visitor.origin}/", page)
    visitor.page.route("**/v1/predictions?*", named)
    visitor.page.route(
        f"{CDN}/**",
        lambda route: route.fulfill(response=route.fetch(url=visitor.origin + urlsplit(route.request.url).path)),
    )
    visitor.sign_in(collection.key)
    picture = visitor.sees("kept of sim/one", "succeeded").locator("img")
    film = visitor.sees("kept of sim/video", "succeeded").locator("video")

    assert picture.evaluate("(one) => one.decode().then(() => one.currentSrc)").startswith(f"{CDN}/outputs/")
    expect(film).not_to_have_js_property("readyState", 0)


def test_what_a_model_makes_is_no_markup(visitor: Visitor) -> None:
    """Neither what somebody wrote, nor a page that a model made."""
    mark = '<img src=x onerror="document.title = 1"><b>bold</b>'
    visitor.caller.ended(visitor.caller.submit("sim/text", prompt=mark)["id"])
    visitor.page.reload()
    card = visitor.sees("onerror", "succeeded")

    expect(card.locator(".title")).to_have_text(mark)
    assert card.locator("b, img").count() == 0
    assert visitor.page.title() == "Lumeo"
