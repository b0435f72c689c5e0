"""Predictions are made here, several at once, and none is paid for twice."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Request, Route, expect

from tests.browser.visitor import Visitor
from tests.stack import Stack


def made_of(visitor: Visitor, prompt: str) -> list[str]:
    """The caller's predictions of a prompt."""
    listed = visitor.caller.call("GET", "/predictions").json()["results"]
    return [one["id"] for one in listed if one["input"].get("prompt") == prompt]


SUBMISSIONS = re.compile("/v1/models/.*/predictions")


def submissions(visitor: Visitor) -> list[str]:
    """What is asked to be made from now on, by its model."""
    asked: list[str] = []

    def hear(request: Request) -> None:
        if SUBMISSIONS.search(request.url):
            asked.append(request.url.removeprefix(f"{visitor.origin}/v1/models/").removesuffix("/predictions"))

    visitor.page.on("request", hear)
    return asked


def test_several_at_once(visitor: Visitor) -> None:
    visitor.runs("lumeo/picture", "three of them", count=3)

    expect(visitor.page.get_by_role("status").filter(has_text="Submitted 3 predictions")).to_be_visible()
    expect(visitor.card("three of them")).to_have_count(3)
    expect(visitor.page.get_by_role("status").filter(has_text="three of them: Succeeded")).to_be_visible()
    for n in range(3):
        expect(visitor.card("three of them").nth(n)).to_have_attribute("data-state", "succeeded", timeout=20_000)
    assert len(made_of(visitor, "three of them")) == 3
    # Whoever tries words again keeps them.
    expect(visitor.page.get_by_label("Prompt")).to_have_value("three of them")


def test_sent_twice_by_keyboard_is_sent_once(visitor: Visitor) -> None:
    """Held or hit again while it is under way; and not at all for a model that is not there."""
    visitor.expects("404")
    page = visitor.page

    def slowly(route: Route) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route(SUBMISSIONS, slowly)
    page.get_by_label("Prompt").fill("in a hurry")
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    visitor.sees("in a hurry", "succeeded")
    assert len(made_of(visitor, "in a hurry")) == 1

    page.unroute(SUBMISSIONS)
    asked = submissions(visitor)
    visitor.chooses("nobody/nothing")
    page.get_by_label("Prompt").fill("for nobody")
    page.get_by_label("Prompt").press("Control+Enter")
    expect(page.locator("#model")).to_have_accessible_description("There is no model of that name.")
    page.get_by_label("Prompt").press("Control+Enter")
    visitor.runs("sim/text", "for somebody")
    visitor.sees("for somebody", "succeeded")
    assert asked == ["sim/text"]


def test_a_press_before_the_model_is_known_is_none(visitor: Visitor) -> None:
    """Neither then nor later, when something else may stand in the form."""
    page = visitor.page
    held = visitor.holds("**/v1/models/sim/one")
    asked = submissions(visitor)
    page.get_by_label("Prompt").fill("half a thou")
    visitor.chooses("sim/one")
    route = visitor.asks(held)
    page.get_by_role("button", name="Run").click(force=True)
    page.locator("#model").press("Enter")
    page.get_by_label("Prompt").press("Control+Enter")
    route.continue_()
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    visitor.runs("sim/text", "quite another")
    visitor.sees("quite another", "succeeded")

    assert asked == ["sim/text"]


def test_a_lost_answer_is_not_paid_for_twice(visitor: Visitor) -> None:
    """The first request arrives, its answer does not: it is repeated under the same key."""
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    visitor.expects("ERR_FAILED")
    visitor.page.route(SUBMISSIONS, lose)
    visitor.runs("sim/text", "its answer is lost")
    visitor.sees("its answer is lost", "succeeded")

    assert len(keys) == 2
    assert keys[0] == keys[1] is not None
    assert len(made_of(visitor, "its answer is lost")) == 1


LOSSES: list[tuple[Callable[[Route], None], str]] = [
    (lambda route: route.abort(), "could not be reached"),
    (lambda route: route.fulfill(status=201, body="<p>From a proxy"), "cannot be read"),
]


@pytest.mark.parametrize(("lost", "words"), LOSSES, ids=["none", "unreadable"])
def test_what_nobody_answered_is_asked_again_under_its_key(
    visitor: Visitor, lost: Callable[[Route], None], words: str
) -> None:
    """It arrived, and whoever presses once more for want of an answer does not pay twice."""
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fetch()
        lost(route)

    visitor.expects("ERR_FAILED")
    visitor.page.route(SUBMISSIONS, lose)
    visitor.runs("sim/text", "pressed again")
    expect(visitor.page.get_by_role("form").get_by_role("alert")).to_contain_text(words)
    visitor.page.unroute(SUBMISSIONS)
    visitor.page.get_by_role("button", name="Run").click()
    visitor.sees("pressed again", "succeeded")
    assert len(set(keys)) == 1
    assert len(made_of(visitor, "pressed again")) == 1

    visitor.page.get_by_role("button", name="Run").click()
    expect(visitor.card("pressed again")).to_have_count(2)


def test_a_schema_makes_the_form(visitor: Visitor) -> None:
    """What is not said is left to the model."""
    page = visitor.page
    visitor.chooses("sim/many")
    page.get_by_text("Settings").click()
    expect(page.get_by_label("num_outputs", exact=False)).to_have_attribute("inputmode", "decimal")
    page.get_by_label("num_outputs", exact=False).fill("2")
    visitor.runs("sim/many", "two pictures")
    visitor.sees("two pictures", "succeeded")

    (made,) = made_of(visitor, "two pictures")
    assert visitor.caller.get(made)["input"] == {"prompt": "two pictures", "num_outputs": 2}


LARGE = """{"latest_version": {"openapi_schema": {"components": {"schemas": {"Input": {"properties": {
    "seed": {"type": "integer", "default": 18446744073709551615, "minimum": -9223372036854775808},
    "salt": {"enum": [1, 9223372036854775809]}
}}}}}}}"""


def test_a_schema_with_numbers_that_javascript_would_round(visitor: Visitor) -> None:
    """They are shown as they are, and not sent as others."""
    asked = submissions(visitor)
    page = visitor.page
    page.route("**/v1/models/sim/one", lambda route: route.fulfill(body=LARGE))
    visitor.chooses("sim/one")
    expect(page.get_by_label("seed")).to_have_attribute("placeholder", "18446744073709551615")
    page.get_by_label("salt").select_option("9223372036854775809")
    page.get_by_role("button", name="Run").click()

    expect(page.get_by_label("salt")).to_have_accessible_description(re.compile("too large to be sent exactly"))
    assert asked == []


def test_what_is_wrong_is_said_where_it_is(visitor: Visitor) -> None:
    """And nothing that was written is lost."""
    visitor.expects("422")
    page = visitor.page
    visitor.chooses("sim/many")
    page.get_by_text("Settings").click()
    field = page.get_by_label("num_outputs", exact=False)
    field.press_sequentially("12e")
    visitor.runs("sim/many", "too many pictures")
    expect(field).to_have_accessible_description("This should be a number.")
    field.fill("5000")
    page.get_by_role("button", name="Run").click()

    expect(page.get_by_role("form").get_by_role("alert")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("5000")
    expect(field).to_have_accessible_description("Must be less than or equal to 64")
    expect(page.get_by_label("Prompt")).to_have_value("too many pictures")
    assert made_of(visitor, "too many pictures") == []

    field.fill("2")
    page.get_by_role("button", name="Run").click()
    visitor.sees("too many pictures", "succeeded")
    # What one had open stays so.
    expect(field).to_be_visible()


def test_a_model_that_is_not_there(visitor: Visitor) -> None:
    visitor.expects("404")
    model = visitor.page.locator("#model")
    model.fill("nobody/nothing")

    expect(model).to_have_accessible_description("There is no model of that name.")
    expect(visitor.page.get_by_role("button", name="Run")).to_be_disabled()


def test_the_catalogue_is_offered(visitor: Visitor) -> None:
    offered = visitor.page.locator("#models option")

    expect(visitor.page.locator("#model")).to_have_value("lumeo/picture")
    expect(offered.filter(has_text="Four pictures of one prompt")).to_have_attribute("value", "lumeo/pictures")


def test_a_file_goes_by_its_address(visitor: Visitor, stack: Stack) -> None:
    page = visitor.page
    visitor.chooses("sim/copy")
    page.get_by_text("Settings").click()
    file = FilePayload(name="words.txt", mimeType="text/plain", buffer=b"what was handed in")
    visitor.expects("ERR_FAILED")
    held = visitor.holds("**/v1/files")
    expect(page.get_by_role("button", name="Choose a file: ")).to_have_count(1)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("Handing in words.txt")).to_be_visible()
    # It would be run without the file.
    expect(page.get_by_role("button", name="Run")).to_be_disabled()
    visitor.asks(held).abort()
    expect(page.get_by_text("words.txt is not handed in.")).to_be_visible()
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    assert page.locator("input[type=file]").evaluate("(one) => one.value") == ""
    page.unroute("**/v1/files")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("words.txt is handed in.")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    card = page.get_by_role("listitem").first
    expect(card).to_have_attribute("data-state", "succeeded", timeout=20_000)

    made = visitor.caller.call("GET", "/predictions").json()["results"][0]
    assert visitor.caller.call("GET", made["output"]).content == b"what was handed in"
