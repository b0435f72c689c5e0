"""The grid pages for ever, and can be narrowed."""

import re
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from lumeo import clock, ids
from lumeo.items import pack, plain, prediction_from, unpack
from lumeo.prediction import Prediction
from tests.browser.conftest import Visits
from tests.browser.visitor import Visitor
from tests.stack import Stack

MANY = 230
"""More than two pages of the API."""
CROWD = 530
"""More than five pages."""
FILMS = 40
"""More than there is room for on a screen."""


def many(stack: Stack, of: Prediction, count: int = MANY) -> list[str]:
    """As many copies of a prediction as one would not make by hand, each a second older than the one before."""
    made = []
    for n in range(1, count):
        copied = replace(of, id=ids.new(), created_at=clock.later(-n, of.created_at))
        item = unpack(stack.record(of.id)) | {"pk": f"prediction#{copied.id}", "id": copied.id}
        item["created_at"] = copied.created_at
        stack.client("dynamodb").put_item(TableName=stack.ready["table_name"], Item=pack(plain(item)))
        made.append(copied.id)
    return made


COUNT_AGES = """() => {
    const { format } = Intl.RelativeTimeFormat.prototype;
    globalThis.ages = 0;
    Intl.RelativeTimeFormat.prototype.format = function (...given) {
        globalThis.ages += 1;
        return format.apply(this, given);
    };
}"""


def shown(page: Page) -> list[str]:
    addresses = page.get_by_role("listitem").get_by_role("link")
    found: list[str] = addresses.evaluate_all("(all) => all.map((one) => one.pathname.slice(3))")
    return found


def test_it_pages_for_ever(visitor: Visitor, stack: Stack) -> None:
    """As one scrolls, without a gap, without a repeat, the newest first."""
    first = visitor.caller.ended(visitor.caller.submit("sim/text", prompt="one of many")["id"])
    older = many(stack, prediction_from(unpack(stack.record(first["id"]))))
    visitor.page.reload()
    expect(visitor.page.get_by_role("listitem")).to_have_count(100)
    visitor.page.get_by_role("button", name="Show more").focus()
    visitor.sees_all()

    assert shown(visitor.page) == [first["id"], *older]
    # What was pressed is no more: one goes on from the last card that there was.
    assert visitor.evaluates("() => document.activeElement.closest('.card') !== null")
    visitor.evaluates(COUNT_AGES)
    visitor.page.get_by_role("listitem").last.get_by_role("link").click()
    expect(visitor.detail.get_by_role("heading", name="one of many")).to_be_visible()
    assert visitor.evaluates("() => globalThis.ages") == 0, "cards were drawn again, of which none had changed"


def test_only_films_that_are_near_are_loaded(visitor: Visitor, stack: Stack) -> None:
    """Browsers hold few at a time."""
    first = visitor.caller.ended(visitor.caller.submit("sim/video", prompt="a film", processing=0)["id"])
    many(stack, prediction_from(unpack(stack.record(first["id"]))), FILMS)
    visitor.page.reload()
    films = visitor.page.locator("video")
    expect(films).to_have_count(FILMS)
    expect(films.first).to_have_attribute("src", re.compile("/outputs/"))
    assert visitor.page.locator("video[src]").count() < FILMS
    films.last.scroll_into_view_if_needed()

    expect(films.last).to_have_attribute("src", re.compile("/outputs/"))
    expect(films.first).not_to_have_attribute("src", re.compile(""))


def test_filters_are_in_the_address(visitor: Visitor) -> None:
    page = visitor.page
    for model in ("sim/text", "sim/one", "sim/traceback"):
        visitor.caller.ended(visitor.caller.submit(model, prompt=f"by {model}")["id"])
    page.reload()
    expect(page.get_by_role("listitem")).to_have_count(3)
    page.get_by_label("Status").select_option("succeeded")
    expect(page.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("search").get_by_label("Model").fill("sim/one")
    page.keyboard.press("Enter")

    expect(page.get_by_role("listitem")).to_have_text([re.compile("by sim/one")])
    expect(page.get_by_role("search").get_by_label("Model")).to_be_focused()
    assert page.url.endswith("/?status=succeeded&model=sim%2Fone")
    page.reload()
    expect(page.get_by_role("listitem")).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("search").get_by_label("Model")).to_have_value("")
    page.get_by_label("Status").select_option("canceled")
    expect(page.get_by_text("Nothing here has that status and model.")).to_be_visible()


def test_nothing_yet(visitor: Visitor) -> None:
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()


def test_what_others_submit_appears(visitor: Visitor) -> None:
    """Without a reload, when one comes back to the page."""
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()
    visitor.caller.submit("sim/text", prompt="from a program")
    visitor.evaluates("() => document.dispatchEvent(new Event('visibilitychange'))")

    visitor.sees("from a program", "succeeded")


def test_what_others_submit_appears_by_itself(visits: Visits) -> None:
    visitor = visits()
    visitor.page.clock.install()
    visitor.sign_in()
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()
    visitor.caller.ended(visitor.caller.submit("sim/text", prompt="while one looked")["id"])
    visitor.page.clock.fast_forward(15_000)

    visitor.sees("while one looked", "succeeded")


def test_a_crowd_that_others_submit_leaves_no_gap(visitor: Visitor, stack: Stack) -> None:
    """More than are looked through for news: the grid begins anew, and leads to the oldest as ever."""
    first = visitor.caller.ended(visitor.caller.submit("sim/text", prompt="one of a crowd")["id"])
    older = many(stack, prediction_from(unpack(stack.record(first["id"]))), CROWD)
    # As it was before they came.
    visitor.page.route("**/v1/predictions?", lambda route: route.fulfill(json={"next": None, "results": []}))
    visitor.page.reload()
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()
    visitor.page.unroute("**/v1/predictions?")
    visitor.evaluates("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(visitor.page.get_by_role("button", name="Show more")).to_be_attached()
    visitor.sees_all()

    assert shown(visitor.page) == [first["id"], *older]


def test_one_can_type_while_something_runs(visitor: Visitor) -> None:
    visitor.caller.submit("sim/stuck", prompt="still running")
    visitor.page.reload()
    visitor.sees("still running", "processing")
    field = visitor.page.get_by_role("search").get_by_label("Model")
    field.press_sequentially("sim/stuck", delay=250)

    expect(field).to_have_value("sim/stuck")


def test_what_others_submitted_before_ones_own_appears(visitor: Visitor) -> None:
    visitor.caller.submit("sim/text", prompt="by a program")
    visitor.runs("sim/text", "by hand")
    visitor.sees("by hand", "succeeded")
    visitor.evaluates("() => document.dispatchEvent(new Event('visibilitychange'))")

    visitor.sees("by a program", "succeeded")
    expect(visitor.page.get_by_role("listitem").locator(".title")).to_have_text(["by hand", "by a program"])


def test_while_nobody_answers(visitor: Visitor) -> None:
    """A sentence, and a way to go on; what is there stays."""
    visitor.caller.ended(visitor.caller.submit("sim/text", prompt="is there")["id"])
    visitor.expects("ERR_FAILED")
    visitor.page.route(re.compile("/v1/predictions"), lambda route: route.abort())
    visitor.page.reload()
    expect(visitor.page.get_by_role("alert")).to_contain_text("could not be reached", timeout=20_000)

    visitor.page.unroute(re.compile("/v1/predictions"))
    visitor.page.get_by_role("button", name="Try again").click()
    visitor.sees("is there", "succeeded")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"body": "null"}, "The answer of the server cannot be read."),
        ({"status": 429, "headers": {"Retry-After": "120"}, "json": {"detail": "Slow down."}}, "Slow down."),
    ],
)
def test_an_answer_of_no_use(visitor: Visitor, answer: dict[str, Any], words: str) -> None:
    """Said at once, and not asked for again and again."""
    visitor.expects("429")
    asked: list[str] = []

    def useless(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(**answer)

    visitor.page.route("**/v1/predictions?", useless)
    visitor.page.reload()

    expect(visitor.page.get_by_role("alert")).to_have_text(words)
    assert len(asked) == 1
