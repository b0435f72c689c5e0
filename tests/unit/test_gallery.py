"""The gallery's function: a page under a strict policy, and files that may be kept for ever."""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from functions.gallery.app import gallery
from local.functions import Functions
from local.gateway import Gateway
from lumeo.media import extension
from tests.conftest import ROOT, template
from tests.integration.driver import http_request

PAGE = ROOT / "functions" / "gallery" / "page"
PACKAGES = ROOT / "tests" / "browser" / "node_modules"
VENDORED = {
    "preact.js": PACKAGES / "preact" / "dist" / "preact.mjs",
    "hooks.js": PACKAGES / "preact" / "hooks" / "dist" / "hooks.mjs",
    "htm.js": PACKAGES / "htm" / "dist" / "htm.mjs",
}
OWN = sorted(path.name for path in PAGE.glob("*.js"))

pytestmark = pytest.mark.usefixtures("environment")


@cache
def gateway() -> Gateway:
    return Gateway(template().routes(), Functions(template().functions()))


def get(path: str, headers: Mapping[str, str] | None = None) -> Response:
    return gateway().answer(http_request("GET", path, b"", dict(headers or {})))


def page() -> str:
    return get("/").get_data(as_text=True)


def policy() -> dict[str, str]:
    """The page's Content-Security-Policy, by directive."""
    rules = get("/").headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (rule.partition(" ") for rule in rules)}


@pytest.mark.parametrize("path", ["/", "/p/01kbd8x5v0t6z3c9q4m7n2r8wk", "/p/nothing"])
def test_the_page(path: str) -> None:
    answer = get(path)

    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.get_data(as_text=True) == page()
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "{" not in re.sub(r"<script.*?</script>", "", page(), flags=re.DOTALL), "something was not filled in"


def test_nothing_is_allowed_but_ours() -> None:
    """No origin but our own, and that of the outputs; nothing inline but what a hash names."""
    (inline,) = re.findall(r"<script(?! type=\"module\")[^>]*>(.+?)</script>", page(), re.DOTALL)
    of_it = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()

    assert policy() == {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{of_it}'",
        "style-src": "'self'",
        "img-src": "'self' https://cdn.test",
        "media-src": "'self' https://cdn.test",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert not re.search(r"\son\w+=|style=|javascript:|https?://(?!cdn\.test)", page())


@pytest.mark.parametrize("name", sorted(gallery.files))
def test_a_file_may_be_kept_for_ever(name: str) -> None:
    plain = get(f"/gallery/{gallery.version}/{name}")
    packed = get(f"/gallery/{gallery.version}/{name}", {"Accept-Encoding": "gzip, br"})

    assert plain.status_code == packed.status_code == 200
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.get_data()) == plain.get_data() == gallery.files[name]
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")


@pytest.mark.parametrize(
    "path", ["/gallery/0123456789ab/app.js", f"/gallery/{gallery.version}/app.py", "/gallery/x/.."]
)
def test_what_there_is_not(path: str) -> None:
    answer = get(path)

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_the_page_names_every_module_before_it_is_needed() -> None:
    """Else the browser would find each only in the one before."""
    imported = set(re.findall(r'(?:from|import) "\./(\w+\.js)"', "".join((PAGE / name).read_text() for name in OWN)))
    mapped = json.loads(re.findall(r"importmap\">(.*?)</script>", page(), re.DOTALL)[0])["imports"]
    preloaded = re.findall(r'rel="modulepreload" href="([^"]+)"', page())

    assert imported | {"app.js"} == set(OWN)
    assert set(preloaded) == {f"/gallery/{gallery.version}/{name}" for name in imported} | set(mapped.values())
    assert {Path(address).name for address in mapped.values()} == set(VENDORED)


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("image", ["png", "jpeg", "webp", "gif", "avif", "bmp", "svg+xml"]),
        ("video", ["mp4", "webm", "quicktime"]),
        ("audio", ["wav", "mpeg", "ogg", "flac", "mp4", "webm", "aac"]),
    ],
)
def test_what_a_browser_can_show_is_known_by_its_name(kind: str, types: list[str]) -> None:
    names = re.search(rf"^  {kind}: \[(.*)\],$", (PAGE / "outputs.js").read_text(), re.MULTILINE)
    assert names

    assert {extension(f"{kind}/{one}", "") for one in types} <= set(re.findall(r'"(\w+)"', names[1]))


def test_it_is_small() -> None:
    """All of it, as it travels: what a phone loads once."""
    assert sum(len(gzip.compress(content)) for content in gallery.files.values()) < 48_000


@pytest.mark.parametrize("name", sorted(VENDORED))
def test_a_library_is_what_its_publisher_has(name: str) -> None:
    if not VENDORED[name].exists():
        pytest.skip("npm's packages are not set up here: make test does it")

    assert gallery.files[name] == VENDORED[name].read_bytes()


def test_the_licences_of_libraries_are_beside_them() -> None:
    assert {path.name for path in (PAGE / "vendor").iterdir()} == {*VENDORED, "LICENSE-preact", "LICENSE-htm"}


def test_who_has_no_javascript_is_told() -> None:
    assert "needs JavaScript" in html.unescape(page())
