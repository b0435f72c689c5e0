"""/v1/files: what callers hand in, kept for a while, and read by the provider where an input names it."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.wrappers import Request

from local.cdn import Cdn
from local.environment import variables
from local.serving import Server
from lumeo import aws, settings
from lumeo.keys import keys
from tests.backends import over_http
from tests.integration.driver import Answer, Driver

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MB = 1024 * 1024
DAY = 86_400
URL = "https://lumeo.test/v1/files/"


def posted(driver: Driver, name: str = "corgi.png", content: bytes = PNG, kind: str = "image/png") -> dict[str, Any]:
    """A file that was taken."""
    answer = driver.upload(name, content, kind)
    assert answer.status == 201, answer.text
    return dict(answer.body)


def granted(driver: Driver, **asked: Any) -> Answer:
    return driver.call("POST", "/v1/files/uploads", {"filename": "film.mp4", "size": len(PNG), **asked})


def put(upload: dict[str, Any], content: bytes = PNG) -> int:
    """Do what an upload that was granted says; the status."""
    with over_http():
        return requests.request(
            upload["method"], upload["url"], data=content, headers=upload["headers"], timeout=5
        ).status_code


def key(driver: Driver, file: dict[str, Any]) -> str:
    """Where its bytes are in the bucket, as a download says."""
    answer = driver.call("GET", f"/v1/files/{file['id']}/download")
    assert answer.status == 302, answer.text
    return answer.headers["Location"].removeprefix("https://cdn.test/")


def create(driver: Driver, given: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return driver.call("POST", "/v1/models/sim/script/predictions", {"input": given}, headers=named)


def gone(driver: Driver, file: dict[str, Any]) -> bool:
    """Whether nothing of it is to be seen."""
    listed = [one["id"] for one in driver.call("GET", "/v1/files").body["results"]]
    paths = [file["urls"]["get"].removeprefix("https://lumeo.test"), f"/v1/files/{file['id']}/download"]
    return file["id"] not in listed and {driver.call("GET", path).status for path in paths} == {404}


# With the request


def test_answers_a_file_of_replicates_shape(driver: Driver) -> None:
    answer = driver.upload("corgi.png", PNG, "image/png", {"of": ["a", "corgi"], "age": 3})

    assert answer.status == 201
    assert answer.body == {
        "id": answer.body["id"],
        "name": "corgi.png",
        "content_type": "image/png",
        "size": len(PNG),
        "etag": hashlib.md5(PNG).hexdigest(),
        "checksums": {"sha256": hashlib.sha256(PNG).hexdigest(), "md5": hashlib.md5(PNG).hexdigest()},
        "metadata": {"of": ["a", "corgi"], "age": 3},
        "created_at": "2026-11-21T10:00:00.000Z",
        "expires_at": "2026-11-28T10:00:00.000Z",
        "urls": {"get": URL + answer.body["id"]},
    }
    read = driver.call("GET", f"/v1/files/{answer.body['id']}")
    assert (read.status, read.body) == (200, answer.body)
    assert driver.call("GET", "/v1/files").body["results"] == [answer.body]
    assert driver.call("GET", "/v1/predictions").body["results"] == []
    assert driver.simulator.journal() == [], "nothing goes to the provider"


def test_bytes_are_kept_where_nobody_could_guess(driver: Driver) -> None:
    first, second = key(driver, posted(driver)), key(driver, posted(driver))
    assert first.split("/")[1] != second.split("/")[1]
    assert (first.split("/")[0], len(first.split("/")[1]), first.split("/")[2]) == ("inputs", 32, "corgi.png")
    content, head = driver.stored(first)

    assert content == PNG
    assert (head["ContentType"], head["ContentDisposition"]) == ("image/png", 'inline; filename="corgi.png"')


@pytest.mark.parametrize(("size", "status"), [(0, 201), (4 * MB, 201), (4 * MB + 1, 413), (4 * MB + 300_000, 413)])
def test_sizes(driver: Driver, size: int, status: int) -> None:
    answer = driver.upload("large.bin", bytes(size), "application/octet-stream")

    assert answer.status == status, answer.text
    if status == 413:
        assert "/v1/files/uploads" in answer.body["detail"]
        assert driver.stored_keys("inputs/") == []
    else:
        assert len(driver.stored(key(driver, answer.body))[0]) == answer.body["size"] == size


def test_larger_than_a_function_is_given(driver: Driver) -> None:
    """API Gateway refuses it, in its own words."""
    answer = driver.upload("large.bin", bytes(5 * MB), "application/octet-stream")

    assert (answer.status, set(answer.body)) == (413, {"message"})


NAMES = [
    ("corgi.png", "image/png", PNG, "image/png", 'inline; filename="corgi.png"'),
    ("../../etc/passwd", "text/plain", b"x", "text/plain", 'inline; filename="passwd.txt"'),
    ('a\\b"c\r\nd.png', "image/png", PNG, "image/png", 'inline; filename="a-b-c-d.png"'),
    ("Wälder 7.PNG", "image/png", PNG, "image/png", 'inline; filename="W-lder-7.png"'),
    ("...", "", b"\x00", "application/octet-stream", 'attachment; filename="file.bin"'),
    ("page.html", "text/html", b"<html><script>", "text/html", 'attachment; filename="page.html"'),
    ("corgi.png", "image/png", b"<html><script>", "text/html", 'attachment; filename="corgi.html"'),
    ("corgi.svg", "image/svg+xml", b"<svg onload='x'/>", "image/svg+xml", 'attachment; filename="corgi.svg"'),
    ("page.html", "text/html", PNG, "image/png", 'inline; filename="page.png"'),
    ("//[", "", b"\x00", "application/octet-stream", 'attachment; filename="file.bin"'),
    ("x" * 255, "image/png", PNG, "image/png", f'inline; filename="{"x" * 80}.png"'),
]
"""A name, a declared type, and bytes; then the type that is found, and what a browser is told to do."""


def form(driver: Driver, *parts: tuple[str, tuple[str | None, bytes, str]]) -> Answer:
    """Post a form of these parts: name, and file name, bytes, type."""
    made = requests.Request("POST", "https://lumeo.test", files=list(parts)).prepare()
    assert isinstance(made.body, bytes)
    return driver.call("POST", "/v1/files", data=made.body, headers={"Content-Type": made.headers["Content-Type"]})


def field(name: str, text: str) -> tuple[str, tuple[None, bytes, str]]:
    """A plain field of a form."""
    return name, (None, text.encode(), "")


def test_names_and_types(driver: Driver) -> None:
    for name, said, content, kind, opened in NAMES:
        answer = form(driver, ("content", ("", content, "")), field("filename", name), field("type", said))
        assert (answer.status, answer.body["name"]) == (201, name), answer.text
        _, head = driver.stored(key(driver, answer.body))

        assert answer.body["content_type"] == head["ContentType"] == kind, name
        assert head["ContentDisposition"] == opened, name


def test_what_the_form_says_counts_before_what_the_part_says(driver: Driver) -> None:
    content = ("content", ("a.bin", b"text", "application/octet-stream"))
    answer = form(driver, content, field("filename", "b.txt"), field("type", "text/plain"))

    assert (answer.body["name"], answer.body["content_type"]) == ("b.txt", "text/plain")


def test_form_that_is_none(driver: Driver) -> None:
    content = ("content", ("a.png", PNG, "image/png"))
    assert form(driver, field("metadata", "{}")).status == 422
    assert form(driver, content, field("filename", "x" * 256)).status == 422
    for metadata in (
        "[]",
        "5",
        '"x"',
        "{",
        '{"a": 1e999}',
        '{"a": NaN}',
        "[" * 100_000,
        '{"a": "' + "x" * 20_000 + '"}',
    ):
        answer = form(driver, content, field("metadata", metadata))
        assert (answer.status, answer.body["invalid_fields"][0]["field"]) == (422, "metadata"), metadata[:20]
    for kind in ("", "application/json", "multipart/form-data", "multipart/form-data; boundary=other", "text/plain"):
        answer = driver.call("POST", "/v1/files", data=b"--x\r\n\r\n", headers={"Content-Type": kind})
        assert answer.status == 400, kind
    assert driver.stored_keys("inputs/") == []
    assert driver.call("GET", "/v1/files").body["results"] == []


# By an upload


def test_upload_that_was_granted(driver: Driver) -> None:
    """A file at once, awaited until its bytes come; then as any other."""
    answer = granted(driver, metadata={"a": 1}, sha256=hashlib.sha256(PNG).hexdigest().upper())
    assert answer.status == 201
    upload = answer.body.pop("upload")
    assert answer.body["checksums"] == {"sha256": hashlib.sha256(PNG).hexdigest()}
    assert (answer.body["etag"], answer.body["size"], answer.body["content_type"]) == ("", len(PNG), "video/mp4")
    path = f"/v1/files/{answer.body['id']}"
    assert driver.call("GET", path).body == {name: answer.body[name] for name in answer.body if name != "upload"}
    assert driver.call("GET", f"{path}/download").status == 404
    assert upload["expires_at"] == "2026-11-21T11:00:00.000Z"
    assert put(upload) == 200

    there = driver.call("GET", path).body
    assert there["etag"] == hashlib.md5(PNG).hexdigest()
    content, head = driver.stored(key(driver, there))
    assert content == PNG
    assert (head["ContentType"], head["ContentDisposition"]) == ("video/mp4", 'inline; filename="film.mp4"')
    assert driver.call("GET", "/v1/files").body["results"] == [there]


def test_only_what_was_said_may_be_put(driver: Driver) -> None:
    """Its length, its type, its digest and how a browser opens it are signed: S3 refuses all else."""
    sha256 = hashlib.sha256(PNG).hexdigest()
    upload = granted(driver, filename="page.html", sha256=sha256).body["upload"]
    query = parse_qs(urlsplit(upload["url"]).query)

    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["3600"]
    signed = {*query["X-Amz-SignedHeaders"][0].split(";")}
    assert signed == {"host", "content-length", *(name.lower() for name in upload["headers"])}
    assert upload["headers"]["Content-Disposition"] == 'attachment; filename="page.html"'
    assert base64.b64decode(upload["headers"]["x-amz-checksum-sha256"]).hex() == sha256
    assert "x-amz-checksum-sha256" not in granted(driver).body["upload"]["headers"]


ASKED: list[tuple[dict[str, Any], str | None]] = [
    ({"size": 5 * 1024**3}, None),
    ({"size": 1}, None),
    ({"filename": "", "content_type": "", "metadata": {}, "sha256": ""}, None),
    ({"content_type": "nonsense"}, None),
    ({"size": 5 * 1024**3 + 1}, "size"),
    ({"size": 0}, "size"),
    ({"size": -1}, "size"),
    ({"size": "5"}, "size"),
    ({"size": 5.0}, "size"),
    ({"size": True}, "size"),
    ({"size": None}, "size"),
    ({"filename": 5}, "filename"),
    ({"filename": "x" * 256}, "filename"),
    ({"content_type": []}, "content_type"),
    ({"sha256": "x" * 64}, "sha256"),
    ({"sha256": 5}, "sha256"),
    ({"metadata": []}, "metadata"),
    ({"metadata": {"a": "x" * 20_000}}, "metadata"),
]
"""What is asked for, and the field that is wrong with it."""


def test_what_may_be_asked_for(driver: Driver) -> None:
    for asked, wrong in ASKED:
        answer = granted(driver, **asked)

        assert answer.status == (422 if wrong else 201), asked
        assert wrong is None or answer.body["invalid_fields"][0]["field"] == wrong
    assert driver.call("POST", "/v1/files/uploads", {"filename": "x"}).status == 422
    assert driver.call("POST", "/v1/files/uploads", []).status == 400
    assert driver.stored_keys("inputs/") == []


# For a while


def test_deleted_is_gone(driver: Driver) -> None:
    file = posted(driver)
    stored = key(driver, file)
    assert driver.call("DELETE", f"/v1/files/{file['id']}").status == 204

    assert gone(driver, file)
    assert stored not in driver.stored_keys("inputs/")
    assert driver.call("DELETE", f"/v1/files/{file['id']}").status == 404
    assert create(driver, {"image": file["urls"]["get"]}).status == 422


def test_deleted_before_it_came(driver: Driver) -> None:
    """What is put there afterwards belongs to nobody."""
    file = granted(driver).body
    assert driver.call("DELETE", f"/v1/files/{file['id']}").status == 204
    put(file["upload"])

    assert gone(driver, file)


def test_expires(driver: Driver) -> None:
    """To the second, though DynamoDB and S3 may take days to remove it."""
    file = posted(driver)
    driver.clock.passes(7 * DAY - 1)
    assert not gone(driver, file)
    driver.clock.passes(1)

    assert gone(driver, file)
    assert create(driver, {"image": file["urls"]["get"]}).status == 422


def test_days_are_the_owners(driver: Driver) -> None:
    with variables({"INPUT_DAYS": "1"}):
        assert posted(driver)["expires_at"] == "2026-11-22T10:00:00.000Z"


def test_must_be_there_until_the_deadline(driver: Driver) -> None:
    """The provider may read it as late as that."""
    file = posted(driver)
    driver.clock.passes(7 * DAY - 1800)
    refused = create(driver, {"image": file["urls"]["get"]})

    assert (refused.status, refused.body["invalid_fields"][0]["field"]) == (422, "input.image")
    assert create(driver, {"image": file["urls"]["get"]}, cancel_after="25m").status == 201


def test_pages_of_files(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumeo.listing.PAGE", 3)
    made = []
    for _ in range(7):
        driver.clock.passes(1)
        driver.submit("sim/instant")
        made.append(granted(driver).body["id"])
    found, url, pages = [], "https://lumeo.test/v1/files", []
    while url:
        page = driver.call("GET", url.removeprefix("https://lumeo.test")).body
        pages.append(page)
        found += [file["id"] for file in page["results"]]
        url = page["next"]

    assert found == made[::-1]
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    back = driver.call("GET", pages[2]["previous"].removeprefix("https://lumeo.test")).body
    assert back["results"] == pages[1]["results"]
    assert driver.call("GET", "/v1/files?cursor=x").status == 400


def test_download_asks_for_the_key_and_nothing_else(driver: Driver) -> None:
    """Replicate signs such URLs; here the caller's own key is what counts."""
    file = posted(driver)
    path = f"/v1/files/{file['id']}/download?owner=bob&expiry=1&signature=x"
    answer = driver.call("GET", path)

    assert answer.status == 302
    assert driver.stored(answer.headers["Location"].removeprefix("https://cdn.test/"))[0] == PNG
    assert driver.call("GET", path, headers={"Authorization": ""}).status == 401


# In inputs


@pytest.fixture
def cdn(driver: Driver) -> Iterator[str]:
    """The CDN, on this machine, where the provider can read it."""
    files = Cdn(aws.s3(), settings.bucket_name())
    with Server(Request.application(files.answer)) as server, variables({"OUTPUTS_URL": server.url}):
        yield server.url


def test_provider_reads_what_the_caller_named(driver: Driver, cdn: str) -> None:
    """The caller's file comes back as an output, byte by byte; its URL stays the caller's own."""
    file = posted(driver)
    answer = driver.call("POST", "/v1/models/sim/copy/predictions", {"input": {"image": file["urls"]["get"]}})
    assert (answer.status, answer.body["input"]) == (201, {"image": file["urls"]["get"]})
    driver.run(answer.body["id"])
    shown, record = driver.read(answer.body["id"]), driver.record(answer.body["id"])

    assert (shown["status"], shown["input"]) == ("succeeded", {"image": file["urls"]["get"]})
    assert driver.stored(record.outputs["0"].key)[0] == PNG
    assert driver.upstream().request.input["image"].startswith(f"{cdn}/inputs/")


def test_upload_that_came_is_read_too(driver: Driver, cdn: str) -> None:
    file = granted(driver, filename="corgi.png").body
    body = {"input": {"image": file["urls"]["get"]}}
    refused = driver.call("POST", "/v1/models/sim/copy/predictions", body)
    assert (refused.status, refused.body["invalid_fields"][0]["field"]) == (422, "input.image")
    assert put(file["upload"]) == 200
    answer = driver.call("POST", "/v1/models/sim/copy/predictions", body)
    driver.run(answer.body["id"])

    assert driver.read(answer.body["id"])["status"] == "succeeded"
    assert driver.stored(driver.record(answer.body["id"]).outputs["0"].key)[0] == PNG


def test_wherever_in_an_input_it_stands(driver: Driver) -> None:
    """The whole of a text, at any depth; what only mentions it, or leads elsewhere, stays what it is."""
    file = posted(driver)
    here, there = file["urls"]["get"], f"https://cdn.test/{key(driver, file)}"
    kept = [f"see {here}", f"{here}/download", f"{here}?x", here.upper(), f"https://other.test/v1/files/{file['id']}"]
    given = {"a": here, "b": [here, {"c/d": {"~": here}}], "": here, "kept": kept, here: here, "n": [None, 5, True]}
    answer = create(driver, given)
    assert answer.status == 201, answer.text
    driver.step("Create", answer.body["id"])

    assert driver.upstream().request.input == {
        "a": there,
        "b": [there, {"c/d": {"~": there}}],
        "": there,
        "kept": kept,
        here: there,
        "n": [None, 5, True],
    }
    assert driver.read(answer.body["id"])["input"] == given
    assert "inputs/" not in json.dumps(driver.read(answer.body["id"]))


def test_more_files_than_a_caller_may_hand_in(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted beside the predictions, not with them."""
    monkeypatch.setenv("CALLER_CREATES_PER_MINUTE", "6")
    posted(driver)
    refused = driver.call("POST", "/v1/files/uploads", {"filename": "b", "size": 5})

    assert (refused.status, refused.headers["Retry-After"]) == (429, "10")
    assert "files a minute" in refused.body["detail"]
    assert create(driver, {"prompt": "a corgi"}).status == 201


def test_more_files_than_a_prediction_may_have(driver: Driver) -> None:
    """Each is looked for: a caller must not keep us busy with one request."""
    file = posted(driver)["urls"]["get"]
    refused = create(driver, {"files": [f"{URL}{n:026d}" for n in range(51)]})

    assert refused.status == 422
    assert refused.body["invalid_fields"][0]["type"] == "array_max_items"
    assert create(driver, {"files": [file] * 1000}).status == 201


@pytest.mark.parametrize("whose", ["bob's", "nobody's"])
def test_file_that_is_not_the_callers(driver: Driver, whose: str) -> None:
    """Another's is like one that is not there, wherever it stands; nothing is made of it."""
    named = {"Authorization": f"Bearer {keys().create('bob', 'another')}"}
    file = driver.upload("b.png", PNG, "image/png", **named).body["id"] if whose == "bob's" else "0" * 26
    answer = create(driver, {"deep": [{"down": URL + file}]})

    assert answer.status == 422
    assert answer.body["invalid_fields"][0]["field"] == "input.deep.0.down"
    assert driver.started() == []


def test_again_with_the_same_file(driver: Driver, cdn: str) -> None:
    """Until it is deleted."""
    file = posted(driver)
    first = driver.call("POST", "/v1/models/sim/copy/predictions", {"input": {"image": file["urls"]["get"]}}).body
    again = driver.call("POST", f"/v1/predictions/{first['id']}/rerun")
    assert again.status == 201
    driver.run(again.body["id"])
    assert driver.read(again.body["id"])["status"] == "succeeded"
    driver.call("DELETE", f"/v1/files/{file['id']}")

    assert driver.call("POST", f"/v1/predictions/{first['id']}/rerun").status == 422


def test_deleted_before_the_provider_could_read_it(driver: Driver, cdn: str) -> None:
    """The caller took it away: nothing is paid for."""
    file = posted(driver)
    answer = driver.call("POST", "/v1/models/sim/copy/predictions", {"input": {"image": file["urls"]["get"]}})
    driver.call("DELETE", f"/v1/files/{file['id']}")
    driver.run(answer.body["id"])

    assert driver.outcome(answer.body["id"]) == ("failed", "invalid_input")
    assert driver.created() == 0


def test_nothing_guessable_is_served(driver: Driver, cdn: str) -> None:
    """What is deleted, or awaited, is like what never was."""
    file, awaited = posted(driver), granted(driver).body
    path = driver.call("GET", f"/v1/files/{file['id']}/download").headers["Location"]
    assert requests.get(path, timeout=5).content == PNG
    driver.call("DELETE", f"/v1/files/{file['id']}")

    assert requests.get(path, timeout=5).status_code == 403
    assert requests.get(f"{cdn}/inputs/{awaited['id']}/film.mp4", timeout=5).status_code == 403
