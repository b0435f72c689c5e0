"""lumeo.outputs.copy: from a provider's URL to the bucket, byte by byte or not at all."""

import base64
import hashlib
import re

import pytest

from lumeo import aws, outputs, settings
from lumeo.artifacts import Artifact, Download, Hosts
from lumeo.errors import CopyError, OutputRefused, OutputTooLarge, OutputUnavailable
from lumeo.outputs import Destination
from lumeo.prediction import Output
from tests.integration.driver import Driver

PREFIX = "outputs/00000000000000000000000000000000/0"
TO = Destination(PREFIX, "prediction-0")


def copy(artifact: Artifact, found: Hosts, to: Destination, seconds: float) -> Output:
    """Copy an artifact that may be anywhere on these hosts."""
    return outputs.copy(artifact, Download(artifact.url, found), to, seconds)


def made(driver: Driver, token: str = "$png") -> str:
    """The URL of a new file at the provider."""
    prediction_id = driver.running("sim/script", {"output": token})
    record = driver.record(prediction_id)
    assert record.handle is not None
    name = driver.upstream().output.files[0].name
    return f"{driver.simulator_url}/files/{record.handle.id}/{name}"


def hosts(driver: Driver) -> Hosts:
    return Hosts([driver.simulator_url, "files.test", "*.files.test"])


def test_says_what_was_stored(driver: Driver) -> None:
    stored = copy(Artifact("/a", made(driver)), hosts(driver), TO, 60)

    wanted = driver.file("0.png")
    content, head = driver.stored(stored.key)
    assert content == wanted
    assert (stored.pointer, stored.key, stored.content_type) == ("/a", f"{PREFIX}.png", "image/png")
    assert (stored.bytes, stored.sha256) == (len(wanted), hashlib.sha256(wanted).hexdigest())
    assert head["ContentLength"] == len(wanted)


@pytest.mark.parametrize("size", [0, 1, 512, 513, 8 * 1024**2, 8 * 1024**2 + 1, 16 * 1024**2 + 5])
def test_sizes_around_the_parts(driver: Driver, size: int) -> None:
    stored = copy(Artifact("", made(driver, f"$bytes:{size}")), hosts(driver), TO, 60)

    content, _ = driver.stored(stored.key)
    assert content == driver.file("0.bin")
    assert stored.bytes == len(content) == size
    assert stored.sha256 == hashlib.sha256(content).hexdigest()


def test_twice_is_once(driver: Driver) -> None:
    url = made(driver)
    first, second = (copy(Artifact("", url), hosts(driver), TO, 60) for _ in range(2))

    assert first == second
    assert driver.stored_keys() == [first.key]


@pytest.mark.parametrize(("kind", "fraction"), [("truncate", 0.5), ("truncate", 0.999999), ("short", 0.9)])
@pytest.mark.parametrize("size", [100, 20 * 1024**2])
def test_cut_off_leaves_nothing(driver: Driver, kind: str, fraction: float, size: int) -> None:
    url = made(driver, f"$bytes:{size}")
    driver.fault("file", kind, fraction=fraction)

    with pytest.raises(OutputUnavailable):
        copy(Artifact("", url), hosts(driver), TO, 60)
    assert driver.stored_keys() == []
    uploads = aws.s3().list_multipart_uploads(Bucket=settings.bucket_name())
    assert uploads.get("Uploads", []) == [], "parts of an upload that was given up cost money"


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_leaves_nothing(driver: Driver, monkeypatch: pytest.MonkeyPatch, *, chunked: bool) -> None:
    """Whether its length was announced or it turns out on the way."""
    url = made(driver, f"$bytes:{20 * 1024**2}")
    if chunked:
        driver.fault("file", "short", fraction=1)
    monkeypatch.setenv("MAX_OUTPUT_BYTES", str(9 * 1024**2))

    with pytest.raises(OutputTooLarge):
        copy(Artifact("", url), hosts(driver), TO, 60)
    assert driver.stored_keys() == []
    assert aws.s3().list_multipart_uploads(Bucket=settings.bucket_name()).get("Uploads", []) == []


@pytest.mark.parametrize("status", [204, 206, 301, 401, 404, 416, 503])
def test_status_that_is_no_file(driver: Driver, status: int) -> None:
    url = made(driver)
    driver.fault("file", "status", status=status, body="<html>" if status != 204 else "")

    with pytest.raises(OutputUnavailable):
        copy(Artifact("", url), hosts(driver), TO, 60)
    assert driver.stored_keys() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x.png",
        "http://169.254.169.254/latest/meta-data",
        "https://example.com/x.png",
        "https://files.test.example.com/x.png",
        "https://example.com/files.test",
        "https://example.com#files.test",
        "https://example.com?@files.test",
        "https://files.test@example.com/x.png",
        "https://example.com@files.test/x.png",
        "https://files.test:8443/x.png",
        "http://files.test/x.png",
        "ftp://files.test/x.png",
        "https://notfiles.test/x.png",
        "https:///x.png",
        "file:///etc/hosts",
        "//files.test/x.png",
        "/etc/hosts",
        "",
    ],
)
def test_place_that_is_not_allowed(driver: Driver, url: str) -> None:
    with pytest.raises(OutputRefused):
        copy(Artifact("", url), hosts(driver), TO, 60)
    assert driver.simulator.journal() == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1\\.files.test/x.png",
        "https://127.0.0.1\\x.files.test/x.png",
        "https://127.0.0.1\\@x.files.test/x.png",
    ],
)
def test_host_that_two_parsers_read_differently(driver: Driver, url: str) -> None:
    """For urllib a backslash is a part of the host's name, for urllib3 it ends it: it would ask 127.0.0.1."""
    with pytest.raises(OutputRefused):
        copy(Artifact("", url), hosts(driver), TO, 60)


@pytest.mark.parametrize(
    "url",
    [
        "https://" + "a" * 70 + ".files.test/x.png",
        "https://.files.test/x.png",
        "https://..files.test/x.png",
        "https://*.files.test/x.png",
    ],
)
def test_host_that_is_none(driver: Driver, url: str) -> None:
    """Whatever goes wrong on the way there is one of the errors that Finalize knows how to answer."""
    with pytest.raises(CopyError):
        copy(Artifact("", url), hosts(driver), TO, 60)


@pytest.mark.parametrize("location", ["https://[oops/x", "https://a:b:c/x", "https://" + "a" * 70 + ".files.test/"])
def test_redirect_to_what_is_no_url(driver: Driver, location: str) -> None:
    url = made(driver)
    driver.fault("file", "redirect", location=location)

    with pytest.raises(CopyError):
        copy(Artifact("", url), hosts(driver), TO, 60)


def test_three_redirects_and_no_more(driver: Driver) -> None:
    url = made(driver)
    driver.fault("file", "redirect", location=url, times=3)
    copy(Artifact("", url), hosts(driver), TO, 60)

    driver.fault("file", "redirect", location=url, times=4)
    with pytest.raises(OutputRefused):
        copy(Artifact("", url), hosts(driver), TO, 60)


@pytest.mark.parametrize(
    ("url", "content", "name", "content_type"),
    [
        ("data:image/png;base64,{png}", b"\x89PNG\r\n\x1a\nrest", "0.png", "image/png"),
        ("data:;base64,{png}", b"\x89PNG\r\n\x1a\nrest", "0.png", "image/png"),
        ("data:text/plain;charset=utf-8;base64,{png}", b"plain", "0.txt", "text/plain"),
        ("data:application/octet-stream;base64,{png}", b"\x00\x01", "0.bin", "application/octet-stream"),
        ("data:image/png;base64,{png}\n", b"<html><script>", "0.html", "text/html"),
        ("data:audio/wav;base64,{png}", b"RIFF\x00\x00\x00\x00WAVEfmt ", "0.wav", "audio/wav"),
    ],
)
def test_data_urls(driver: Driver, url: str, content: bytes, name: str, content_type: str) -> None:
    text = url.replace("{png}", base64.b64encode(content).decode())
    stored = copy(Artifact("", text), hosts(driver), TO, 60)

    assert re.sub(r".*/", "", stored.key) == name
    assert stored.content_type == content_type
    assert driver.stored(stored.key)[0] == content


@pytest.mark.parametrize("rest", ["A", "AAAAA", "AA=A", "A=", "=="])
def test_data_url_that_is_broken(driver: Driver, rest: str) -> None:
    with pytest.raises(CopyError):
        copy(Artifact("", f"data:image/png;base64,{rest}"), hosts(driver), TO, 60)


def test_asks_for_the_bytes_as_they_are(driver: Driver) -> None:
    """No compression, no credentials, no cookies."""
    copy(Artifact("", made(driver)), hosts(driver), TO, 60)

    headers = driver.simulator.journal()[-1]["headers"]
    assert headers["Accept-Encoding"] == "identity"
    assert headers["User-Agent"] == "lumeo"
    assert not {"Authorization", "Cookie"} & set(headers)
