"""A key opens the page, stays in its tab, and is forgotten."""

import re

from playwright.sync_api import expect

from lumeo.keys import Keys
from tests.browser.conftest import Visits
from tests.browser.visitor import Visitor
from tests.stack import Stack

STORED = "() => [Object.values(sessionStorage), Object.values(localStorage), document.cookie]"


def test_a_key_that_is_none(visits: Visits) -> None:
    visitor = visits()
    visitor.expects("401")
    visitor.sign_in("lum_wrong")

    expect(visitor.page.get_by_role("alert")).to_have_text("This is not an API key of this installation.")
    assert visitor.evaluates(STORED) == [[], [], ""]


def test_no_key_at_all(visits: Visits) -> None:
    visitor = visits()
    visitor.goes_to("/")
    visitor.page.get_by_role("button", name="Sign in").click()

    expect(visitor.page.get_by_role("alert")).to_contain_text("Paste an API key.")
    expect(visitor.page.get_by_label("API key")).to_have_attribute("aria-invalid", "true")


def test_a_key_stays_in_its_tab(visitor: Visitor) -> None:
    assert visitor.evaluates(STORED)[1:] == [[], ""]
    assert visitor.caller.key in visitor.evaluates(STORED)[0]
    visitor.page.reload()
    expect(visitor.page.get_by_role("button", name="Sign out")).to_be_visible()

    other = visitor.window()
    other.goto(visitor.origin)
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()


def test_signing_out_forgets_it(visitor: Visitor) -> None:
    """And what one looked at; what was under way does not bring it back."""
    visitor.goes_to("/?model=acme%2Fsecret")
    expect(visitor.page.get_by_text("Nothing here has that status and model.")).to_be_visible()
    held = visitor.holds("**/v1/models/sim/text/predictions")
    visitor.runs("sim/text", "for nobody else to know")
    answered = visitor.asks(held)
    visitor.page.get_by_role("button", name="Sign out").click()

    expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()
    with visitor.page.expect_response(answered.request.url) as late:
        answered.fulfill(status=201, json={"id": "late", "status": "succeeded"})
    late.value.finished()
    visitor.page.wait_for_timeout(100)
    assert visitor.evaluates(STORED) == [[], [], ""]
    assert visitor.page.url == f"{visitor.origin}/"


def test_a_late_answer_does_not_sign_the_next_one_out(visitor: Visitor, stack: Stack) -> None:
    visitor.expects("401")
    visitor.caller.submit("sim/stuck", prompt="of the first")
    visitor.page.reload()
    visitor.sees("of the first", "processing")
    held = visitor.holds(re.compile(r"/v1/predictions/\w{26}$"))
    visitor.asks(held)
    visitor.page.get_by_role("button", name="Sign out").click()
    other = Keys(stack.client("dynamodb"), stack.ready["table_name"]).create("the-next", "test")
    # Without a reload, which would end what is under way.
    visitor.page.get_by_label("API key").fill(other)
    visitor.page.get_by_role("button", name="Sign in").click()
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()
    for route in held:
        route.fulfill(status=401, json={"title": "Unauthenticated", "detail": "no", "status": 401})
    visitor.page.wait_for_timeout(500)

    expect(visitor.page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(visitor.page.get_by_text("Nothing here yet.")).to_be_visible()


def test_a_prediction_by_its_address_after_signing_in(visits: Visits, stack: Stack) -> None:
    visitor = visits()
    made = visitor.caller.submit("sim/text", prompt="by its address")
    assert made["urls"]["web"] == f"{visitor.origin}/p/{made['id']}"
    visitor.sign_in(path=f"/p/{made['id']}")

    expect(visitor.detail.get_by_role("heading", name="by its address")).to_be_visible()


def test_another_callers_prediction_is_not_there(visits: Visits, stack: Stack) -> None:
    mine = visits()
    made = mine.caller.submit("sim/text", prompt="nobody else's")
    mine.expects("404", "401")
    other = Keys(stack.client("dynamodb"), stack.ready["table_name"]).create("somebody-else", "test")
    mine.sign_in(other, f"/p/{made['id']}")

    expect(mine.detail).to_contain_text("There is no such prediction here, or it belongs to another key.")


def test_the_link_of_make_run(visits: Visits) -> None:
    """In a new tab, or in one where the page is open already."""
    visitor = visits()
    for before in ("about:blank", visitor.origin):
        visitor.page.goto(before)
        visitor.goes_to(f"/#key={visitor.caller.key}")
        expect(visitor.page.get_by_role("button", name="Sign out")).to_be_visible()
        assert visitor.page.url == f"{visitor.origin}/"
        visitor.page.get_by_role("button", name="Sign out").click()
        expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_link_from_elsewhere_signs_nobody_in(visits: Visits) -> None:
    """Else somebody could have others write their prompts into his account."""
    visitor = visits()
    visitor.origin = visitor.origin.replace("127.0.0.1", "lumeo.localhost")
    visitor.goes_to(f"/#key={visitor.caller.key}")

    expect(visitor.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert visitor.page.url == f"{visitor.origin}/"
    assert visitor.evaluates(STORED) == [[], [], ""]
