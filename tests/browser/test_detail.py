"""One prediction, whole."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor
from tests.stack import ROOT, Stack
from tests.waiting import until

PROMPT = 'it\'s a "corgi" on $HOME, `née` in Köln'
"""What a shell, Python and JavaScript would each read as something else."""
CLIENTS = ROOT / "tests" / "clients" / "js"


@pytest.fixture
def made(visitor: Visitor) -> dict[str, Any]:
    """A prediction that is over."""
    found = visitor.caller.ended(visitor.caller.submit("sim/one", prompt=PROMPT, seed=7)["id"])
    visitor.page.reload()
    return found


def is_on_top(visitor: Visitor, words: str) -> bool:
    """Whether these words can be seen: not below the dialog, and not transparent."""
    said = visitor.page.get_by_role("status").filter(has_text=words)
    expect(said).to_have_css("opacity", "1")
    # What lets clicks through is not found where it lies.
    return bool(
        said.evaluate(
            """(one) => {
                one.style.pointerEvents = "auto";
                const { x, y, width, height } = one.getBoundingClientRect();
                return one.contains(document.elementFromPoint(x + width / 2, y + height / 2));
            }"""
        )
    )


def clipboard(visitor: Visitor) -> str:
    text: str = visitor.evaluates("() => navigator.clipboard.readText()")
    return text


def test_what_it_shows(visitor: Visitor, made: dict[str, Any]) -> None:
    detail = visitor.opens(PROMPT)

    for word in ("Succeeded", "sim/one", made["version"], "replicate", made["id"], "seed", "7"):
        expect(detail.get_by_text(word, exact=True).first).to_be_visible()
    assert visitor.page.url == made["urls"]["web"]
    assert visitor.page.title() == f"{made['id']} · Lumeo"
    steps = detail.get_by_role("list").get_by_role("listitem").filter(has=visitor.page.get_by_role("time"))
    stamps = [steps.nth(n).locator("time").get_attribute("datetime") for n in range(steps.count())]
    assert stamps == [made["timeline"][step] for step in ("accepted", "submitted", "started", "completed", "saved")]
    expect(detail.get_by_text("Using seed: 7")).to_be_hidden()
    detail.get_by_text("Log").click()
    expect(detail.get_by_text("Using seed: 7")).to_be_visible()


def test_links_are_the_permanent_ones(visitor: Visitor, made: dict[str, Any]) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    detail = visitor.opens(PROMPT)
    expect(detail.get_by_role("link", name="0.png")).to_have_attribute("href", made["output"])
    detail.get_by_role("button", name="Copy link to 0.png").click()

    assert is_on_top(visitor, "Copied: link to 0.png")
    assert clipboard(visitor) == made["output"]


def test_a_browser_that_does_not_let_us_copy(visitor: Visitor, made: dict[str, Any]) -> None:
    visitor.evaluates("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    visitor.opens(PROMPT).get_by_role("button", name="Copy id").click()

    assert is_on_top(visitor, "select the text instead")


def snippet(visitor: Visitor, name: str) -> str:
    """What stands on a tab."""
    detail = visitor.opens(PROMPT)
    detail.get_by_role("tab", name=name).click()
    text = detail.get_by_role("tabpanel").locator("pre").text_content()
    assert text
    return text


def run(command: list[str], stack: Stack, visitor: Visitor, cwd: Path) -> str:
    bundle = stack.ready["ca_bundle"]
    trust = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), bundle)
    environment = {"PATH": os.environ["PATH"], "LUMEO_API_KEY": visitor.caller.key, "NO_PROXY": "*", **trust}
    done = subprocess.run(command, capture_output=True, check=False, cwd=cwd, env=environment, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def again(visitor: Visitor, made: dict[str, Any]) -> dict[str, Any]:
    """The only other prediction, which has the same input and version."""
    listed = visitor.caller.call("GET", "/predictions").json()["results"]
    (found,) = [one for one in listed if one["id"] != made["id"]]
    assert found["input"] == made["input"]
    assert visitor.caller.ended(found["id"])["version"] == made["version"]
    return dict(found)


def test_the_curl_line_runs_it_again(visitor: Visitor, made: dict[str, Any], stack: Stack, tmp_path: Path) -> None:
    said = run(["sh", "-c", snippet(visitor, "curl")], stack, visitor, tmp_path)

    assert json.loads(said)["id"] == again(visitor, made)["id"]


def test_the_python_snippet_runs_it_again(visitor: Visitor, made: dict[str, Any], stack: Stack, tmp_path: Path) -> None:
    code = snippet(visitor, "Python") + "\nprint(output.url if hasattr(output, 'url') else output)"
    said = run([sys.executable, "-c", code], stack, visitor, tmp_path)

    assert said.strip() == visitor.caller.ended(again(visitor, made)["id"])["output"]


@pytest.mark.skipif(not (CLIENTS / "node_modules").exists(), reason="npm's client is not set up here")
def test_the_javascript_snippet_runs_it_again(visitor: Visitor, made: dict[str, Any], stack: Stack) -> None:
    node = shutil.which("node")
    assert node
    code = snippet(visitor, "JavaScript") + "\nconsole.log(String(output.url ? output.url() : output));"
    said = run([node, "--input-type=module", "--eval", code], stack, visitor, CLIENTS)

    assert said.strip() == visitor.caller.ended(again(visitor, made)["id"])["output"]


def test_again_from_the_page(visitor: Visitor, made: dict[str, Any]) -> None:
    visitor.opens(PROMPT).get_by_role("button", name="Run again").click()
    expect(visitor.detail.get_by_role("button", name=made["id"], exact=True)).to_be_visible()

    assert again(visitor, made)["rerun_of"] == made["id"]
    assert visitor.page.url.endswith(again(visitor, made)["id"])


def test_it_tells_of_the_callers_webhooks(visitor: Visitor) -> None:
    body = {"input": {"prompt": "told"}, "webhook": "http://127.0.0.1:9/hook", "webhook_events_filter": ["completed"]}
    made = visitor.caller.call("POST", "/models/sim/text/predictions", json=body).json()
    until(lambda: visitor.caller.get(made["id"]), lambda seen: "webhook_deliveries" in seen)
    visitor.goes_to(f"/p/{made['id']}")

    expect(visitor.detail.get_by_role("listitem").filter(has_text="Told of completed")).to_contain_text("not heard yet")


def test_from_one_to_the_next(visitor: Visitor) -> None:
    """And one step back closes it, however many one went through."""
    for n in range(3):
        visitor.caller.ended(visitor.caller.submit("sim/text", prompt=f"number {n}")["id"])
    visitor.page.reload()
    detail = visitor.opens("number 2")
    expect(detail.get_by_role("button", name="Newer")).to_be_disabled()
    detail.get_by_role("button", name="Older").click()
    expect(detail.get_by_role("heading", name="number 1")).to_be_visible()
    # A browser's own: with another key held, an arrow is not for us.
    visitor.page.keyboard.press("Shift+ArrowRight")
    expect(detail.get_by_role("heading", name="number 1")).to_be_visible()
    visitor.page.keyboard.press("ArrowRight")
    expect(detail.get_by_role("heading", name="number 0")).to_be_visible()
    visitor.page.go_back()

    expect(detail).to_have_count(0)
    assert visitor.page.url == f"{visitor.origin}/"


def test_the_focus_stays_where_one_is(visitor: Visitor) -> None:
    """At the end of the row, and when what was pressed is no more."""
    visitor.caller.submit("sim/stuck", prompt="the older")
    visitor.caller.ended(visitor.caller.submit("sim/text", prompt="the newer")["id"])
    visitor.page.reload()
    detail = visitor.opens("the newer")
    expect(detail).to_be_focused()
    detail.get_by_role("button", name="Older").click()
    expect(detail.get_by_role("heading", name="the older")).to_be_visible()
    expect(detail.get_by_role("button", name="Older")).to_be_focused()
    detail.get_by_role("button", name="Cancel").press("Enter")
    expect(detail.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(detail).to_be_focused()
    visitor.page.keyboard.press("ArrowLeft")

    expect(detail.get_by_role("heading", name="the newer")).to_be_visible()
    detail.get_by_role("button", name="Copy id").focus()
    for heading, key in (("the older", "ArrowRight"), ("the newer", "ArrowLeft")):
        visitor.page.keyboard.press(key)
        expect(detail.get_by_role("heading", name=heading)).to_be_visible()


def test_closing_leads_back_to_where_it_was_opened(visitor: Visitor, made: dict[str, Any]) -> None:
    """However often: another step back does not open it again."""
    before = visitor.evaluates("() => history.length")
    for _ in range(2):
        visitor.opens(PROMPT)
        visitor.page.keyboard.press("Escape")
        expect(visitor.detail).to_have_count(0)
        assert visitor.page.url == f"{visitor.origin}/"
    assert visitor.evaluates("() => history.length") == before + 1

    visitor.page.goto(made["urls"]["web"])
    visitor.page.mouse.move(*middle(visitor.detail.get_by_role("heading", name=PROMPT)))
    visitor.page.mouse.down()
    visitor.page.mouse.move(5, 5)
    visitor.page.mouse.up()
    expect(visitor.detail).to_be_visible()
    visitor.page.mouse.click(5, 5)
    expect(visitor.detail).to_have_count(0)


def test_closed_twice_at_once_it_is_one_step_back(visitor: Visitor, made: dict[str, Any]) -> None:
    """The browser goes back later than one asks."""
    visitor.goes_to(f"/?model={made['model']}")
    visitor.opens(PROMPT).get_by_role("button", name="Close").evaluate("(close) => { close.click(); close.click(); }")

    expect(visitor.detail).to_have_count(0)
    visitor.sees(PROMPT, "succeeded")
    assert visitor.page.url == f"{visitor.origin}/?model=sim/one"


def middle(of: Locator) -> tuple[float, float]:
    box = of.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_late_rerun_opens_nothing(visitor: Visitor, made: dict[str, Any]) -> None:
    """For whoever has gone on in the meantime."""
    held = visitor.holds("**/rerun")
    visitor.opens(PROMPT).get_by_role("button", name="Run again").click()
    visitor.page.keyboard.press("Escape")
    expect(visitor.detail).to_have_count(0)
    visitor.asks(held).continue_()

    expect(visitor.card(PROMPT)).to_have_count(2)
    expect(visitor.detail).to_have_count(0)


def test_a_number_that_javascript_would_round(visitor: Visitor) -> None:
    """Shown as it is, repeated by whoever can; and what is long is folded."""
    given: dict[str, Any] = {"prompt": "a large seed", "seed": 2**63 + 3, "negative_prompt": "no " * 1000}
    made = visitor.caller.submit("sim/one", **given)
    visitor.caller.ended(made["id"])
    visitor.page.reload()
    detail = visitor.opens("a large seed")
    expect(detail.get_by_text(str(given["seed"]), exact=True)).to_be_visible()
    expect(detail.get_by_text("would round a number")).to_be_visible()
    expect(detail.get_by_role("tab")).to_have_count(0)
    expect(detail.get_by_text("no no no", exact=False).first).to_have_text(re.compile("^no no .{90,} … all$"))
    detail.get_by_role("button", name="Run again").click()
    expect(detail.get_by_role("button", name=made["id"], exact=True)).to_be_visible()

    assert [one["input"] for one in visitor.caller.call("GET", "/predictions").json()["results"]] == [given, given]


def test_a_batch_says_how_its_items_ended(visitor: Visitor, made: dict[str, Any]) -> None:
    counted = made | {"metrics": {"predict_time": 100, "counts": {"succeeded": 98, "errored": 2}}}
    visitor.page.route("**/v1/predictions?", lambda route: route.fulfill(json={"next": None, "results": [counted]}))
    visitor.page.reload()
    visitor.opens(PROMPT)

    expect(visitor.detail).to_contain_text(re.compile(r"Ran for\s*2 min"))
    expect(visitor.detail).to_contain_text(f"98 succeeded, 2 errored: {made['urls']['get']}/items")
