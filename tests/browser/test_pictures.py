"""The pictures of the gallery in the README and the docs: taken by `make pictures`, and of the page as it is now."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import ViewportSize, expect

from functions.gallery.app import gallery
from tests.browser.conftest import PHONE, Visits
from tests.browser.visitor import Visitor
from tests.stack import ROOT, Caller

DOCS = ROOT / "docs"
WIDE = ViewportSize(width=1400, height=1080)
PICTURES = {"gallery": (1400, 1080), "gallery-prediction": (1400, 1080), "gallery-phone": (780, 1688)}
LARGEST = 800_000
"""Bytes of a picture, in a README that people read on the way."""
SCENES = (
    ("lumeo/picture", "a corgi on a hill at sunset", 21),
    ("lumeo/pictures", "the same valley, four times of the day", 3),
    ("lumeo/refused", "something that the model will not draw", 1),
    ("lumeo/film", "clouds that pass over a ridge", 8),
    ("lumeo/words", "a sentence with every letter", 1),
    ("lumeo/picture", "northern lights above a quiet fjord", 4),
    ("lumeo/sound", "eight notes for a music box", 5),
    ("lumeo/broken", "a model with a fault", 1),
    ("lumeo/picture", "dawn, as seen from the hut", 12),
    ("lumeo/picture", "a lake between two summits", 30),
)
"""The oldest last, so that the first stand at the top."""


@pytest.mark.skipif(os.environ.get("PICTURES") != "write", reason="only make pictures takes them")
@pytest.mark.timeout(300)
def test_take_them(visits: Visits, caller: Caller) -> None:
    made = [caller.submit(model, prompt=prompt, seed=seed)["id"] for model, prompt, seed in reversed(SCENES)]
    for one in made:
        caller.ended(one, 60)
    caller.submit("lumeo/slow", prompt="one that takes its time", seed=17)
    visitor, phone = visits(WIDE), visits(PHONE, device_scale_factor=2, color_scheme="dark", is_mobile=True)
    for each in (visitor, phone):
        each.sign_in()
    expect(visitor.card("one that takes its time")).to_contain_text("%", timeout=30_000)
    visitor.page.get_by_label("Prompt").fill("a corgi on a hill at sunset")
    take(visitor, "gallery")
    phone.page.get_by_role("search").evaluate("(one) => one.scrollIntoView()")
    take(phone, "gallery-phone")
    visitor.opens("the same valley")
    take(visitor, "gallery-prediction")


def take(visitor: Visitor, name: str) -> None:
    visitor.evaluates("() => document.activeElement.blur()")
    visitor.page.wait_for_load_state("networkidle")
    # Bars have arrived where they are going.
    visitor.page.wait_for_timeout(800)
    taken = Image.open(io.BytesIO(visitor.page.screenshot())).convert("RGB")
    of = PngInfo()
    of.add_text("page", gallery.version)
    taken.save(path(name), optimize=True, pnginfo=of)


def path(name: str) -> Path:
    return DOCS / f"{name}.png"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_of_the_page_as_it_is(name: str) -> None:
    """One that shows what was there before is a lie: make pictures takes them again."""
    with Image.open(path(name)) as picture:
        assert picture.size == PICTURES[name]
        assert picture.info["page"] == gallery.version
    assert path(name).stat().st_size < LARGEST
