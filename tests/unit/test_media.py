"""What kind of file it is: what was declared, against what its first bytes say."""

import mimetypes
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.media import content_type, extension, runs_in_a_browser

HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/gif": b"GIF89a\x01\x00\x01\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "image/avif": b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00",
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
    "image/bmp": b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00",
    "image/tiff": b"II*\x00\x08\x00\x00\x00",
    "video/quicktime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00",
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81\x04",
    "video/x-matroska": b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska\x42\x87\x81\x04",
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "audio/flac": b"fLaC\x00\x00\x00\x22",
    "audio/ogg": b"OggS\x00\x02\x00\x00",
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x21",
    "model/gltf-binary": b"glTF\x02\x00\x00\x00",
    "application/pdf": b"%PDF-1.7\n",
    "application/gzip": b"\x1f\x8b\x08\x00",
    "application/zip": b"PK\x03\x04\x14\x00",
    "text/html": b"<!DOCTYPE html><html>",
    "image/svg+xml": b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg">',
}
EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "video/quicktime": "mov",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "model/gltf-binary": "glb",
    "application/pdf": "pdf",
    "application/gzip": "gz",
    "application/zip": "zip",
    "text/html": "html",
    "image/svg+xml": "svg",
}


@pytest.fixture
def _no_system_types(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lambda has no `/etc/mime.types`, which the standard library reads elsewhere."""
    with monkeypatch.context() as patch:
        patch.setattr(mimetypes, "knownfiles", [])
        mimetypes.init()
        yield
    mimetypes.init()


class TestContentType:
    @pytest.mark.parametrize(("kind", "head"), HEADS.items())
    def test_bytes_speak_when_nothing_is_declared(self, kind: str, head: bytes) -> None:
        assert content_type("", "", head) == kind

    @pytest.mark.parametrize(("kind", "head"), HEADS.items())
    def test_declared_and_found_agree(self, kind: str, head: bytes) -> None:
        assert content_type(kind, "", head) == kind

    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            pytest.param(b"GIF87a\x01\x00", "image/gif", id="gif 87"),
            pytest.param(b"MM\x00*\x00\x00\x00\x08", "image/tiff", id="tiff, big end first"),
            pytest.param(b"\x00\x00\x00\x1cftypavis", "image/avif", id="avif sequence"),
            pytest.param(b"\x00\x00\x00\x18ftypmif1", "image/heic", id="heif"),
            pytest.param(b"\x00\x00\x00\x18ftypmp42", "video/mp4", id="mp4, version 2"),
            pytest.param(b"\xff\xfb\x90\x64", "audio/mpeg", id="mp3 without ID3"),
            pytest.param(b"  \n<html>", "text/html", id="html after space"),
            pytest.param(b"<SCRIPT>alert(1)</SCRIPT>", "text/html", id="a script"),
            pytest.param(b"<svg></svg>", "image/svg+xml", id="svg alone"),
            pytest.param(b"<!-- a --><!-- b --><svg>", "image/svg+xml", id="svg after comments"),
            pytest.param(b"\r\n<?xml version='1.0'?><!DOCTYPE svg PUBLIC 'x'><svg>", "image/svg+xml", id="svg, old"),
            pytest.param(b"", "application/octet-stream", id="nothing"),
            pytest.param(b"\x00\x01\x02\x03", "application/octet-stream", id="bytes"),
            pytest.param(b"BM is how it begins", "application/octet-stream", id="text that begins as a bitmap"),
        ],
    )
    def test_signatures(self, head: bytes, kind: str) -> None:
        assert content_type("", "", head) == kind

    @pytest.mark.parametrize(
        ("declared", "name", "head", "kind"),
        [
            pytest.param("image/png", "x.png", HEADS["image/jpeg"], "image/jpeg", id="another picture"),
            pytest.param("image/png", "x.png", HEADS["text/html"], "text/html", id="a page as a picture"),
            pytest.param("text/plain", "x.txt", HEADS["text/html"], "text/html", id="a page as text"),
            pytest.param("image/png", "x.png", HEADS["image/svg+xml"], "image/svg+xml", id="svg as a picture"),
            pytest.param("image/png", "x.png", b"no picture", "application/octet-stream", id="a picture that is none"),
            pytest.param("video/webm", "", b"no film", "application/octet-stream", id="a film that is none"),
            pytest.param("audio/wav", "", b"", "application/octet-stream", id="an empty sound"),
            pytest.param("IMAGE/PNG", "", HEADS["image/png"], "image/png", id="upper case"),
            pytest.param("image/png; x=1", "", HEADS["image/png"], "image/png", id="with parameters"),
            pytest.param("image/jpg", "", HEADS["image/jpeg"], "image/jpeg", id="a misspelled type"),
            pytest.param("audio/webm", "", HEADS["video/webm"], "audio/webm", id="sound in webm"),
            pytest.param("audio/mp4", "", HEADS["video/mp4"], "audio/mp4", id="sound in mp4"),
            pytest.param("video/ogg", "", HEADS["audio/ogg"], "video/ogg", id="film in ogg"),
            pytest.param("audio/x-wav", "", HEADS["audio/wav"], "audio/x-wav", id="wav's other name"),
            pytest.param("text/plain", "x.txt", b"a corgi", "text/plain", id="text"),
            pytest.param("text/plain; Charset=UTF-8", "", b"x", "text/plain; charset=utf-8", id="text with a charset"),
            pytest.param("application/json", "", b'{"a": 1}', "application/json", id="json"),
            pytest.param("text/csv", "", b"a,b\n1,2\n", "text/csv", id="csv"),
            pytest.param("", "model.obj.txt", b"v 0 0 0", "text/plain", id="the name speaks"),
            pytest.param("application/octet-stream", "x.csv", b"a,b", "text/csv", id="the name, for a generic type"),
            pytest.param("binary/octet-stream", "x.json", b"{}", "application/json", id="the name, for S3's default"),
            pytest.param("nonsense", "x.csv", b"a,b", "text/csv", id="the name, for nonsense"),
            pytest.param("text/html\r\nX-Evil: 1", "x.csv", b"a,b", "text/csv", id="the name, for a header within"),
            pytest.param("", "x.png", b"no picture", "application/octet-stream", id="the name is wrong"),
            pytest.param("", "//[", b"?", "application/octet-stream", id="a name that is half a URL"),
            pytest.param("", "http://[x/a.csv", b"a,b", "text/csv", id="a name with half a URL in it"),
            pytest.param("", "data:text/html,x", b"?", "application/octet-stream", id="a name that is data"),
            pytest.param("", "lora.safetensors", b"\x08\x00", "application/octet-stream", id="an unknown name"),
            pytest.param(
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "",
                HEADS["application/zip"],
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                id="a document in a zip",
            ),
            pytest.param("application/zip", "", HEADS["application/gzip"], "application/gzip", id="gzip as zip"),
            pytest.param("", "weights.tar.gz", HEADS["application/gzip"], "application/gzip", id="a packed tar"),
            pytest.param("application/json", "", HEADS["application/gzip"], "application/gzip", id="packed json"),
            pytest.param("application/pdf", "", HEADS["application/zip"], "application/zip", id="zip as pdf"),
        ],
    )
    def test_declared_against_found(self, declared: str, name: str, head: bytes, kind: str) -> None:
        assert content_type(declared, name, head) == kind

    @pytest.mark.timeout(2)
    def test_a_hostile_head_takes_no_time(self) -> None:
        """A model writes what it likes: its first bytes must not hold a function until its end."""
        assert content_type("text/plain", "", b"<!---->" * 73) == "text/plain"

    @given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=512))
    def test_any_answer_is_a_type(self, declared: str, name: str, head: bytes) -> None:
        kind = content_type(declared, name, head)

        assert kind.isprintable()
        assert kind.count("/") == 1
        assert 1 <= len(extension(kind, name)) <= 16


class TestExtension:
    @pytest.mark.usefixtures("_no_system_types")
    @pytest.mark.parametrize(("kind", "expected"), EXTENSIONS.items())
    def test_every_signature_has_one(self, kind: str, expected: str) -> None:
        assert extension(kind, "") == expected

    def test_no_signature_is_forgotten(self) -> None:
        assert set(EXTENSIONS) == set(HEADS)

    @pytest.mark.parametrize(
        ("kind", "name", "expected"),
        [
            pytest.param("image/jpeg", "photo.jpeg", "jpeg", id="the name's own"),
            pytest.param("image/png", "OUT-0.PNG", "png", id="lower case"),
            pytest.param("image/jpeg", "out-0.png", "jpg", id="a wrong one"),
            pytest.param("text/html", "out-0.png", "html", id="a page as a picture"),
            pytest.param("image/png", "out-0", "png", id="none"),
            pytest.param("image/png", "", "png", id="no name"),
            pytest.param("audio/x-wav", "", "wav", id="wav's other name"),
            pytest.param("audio/webm", "said.webm", "weba", id="a sound in a film's container"),
            pytest.param("text/plain", "", "txt", id="text"),
            pytest.param("application/x-tar", "weights.tar", "tar", id="weights"),
            pytest.param("application/gzip", "weights.tar.gz", "gz", id="packed weights"),
            pytest.param("application/octet-stream", "weights.ckpt", "ckpt", id="of an unknown type"),
            pytest.param("application/octet-stream", "lora.safetensors", "safetensors", id="a long one"),
            pytest.param("application/octet-stream", "", "bin", id="nothing known"),
            pytest.param("application/octet-stream", "x.", "bin", id="a dot at the end"),
            pytest.param("application/octet-stream", "x.a/../b", "bin", id="a path"),
            pytest.param("application/octet-stream", 'x.a"b', "bin", id="a quote"),
            pytest.param("application/octet-stream", "x.p\u0443", "bin", id="a Cyrillic letter"),
            pytest.param("application/octet-stream", "x." + "a" * 200, "bin", id="a very long one"),
            pytest.param("x-nobody/knows", "", "bin", id="an unknown type"),
        ],
    )
    def test_names_and_types(self, kind: str, name: str, expected: str) -> None:
        assert extension(kind, name) == expected

    @given(st.text(max_size=60), st.sampled_from(sorted(HEADS)))
    def test_any_name_gives_a_safe_one(self, name: str, kind: str) -> None:
        """It becomes a part of a key, of a URL and of a header."""
        found = extension(kind, name)

        assert found.isascii()
        assert found.isalnum()


class TestRunsInABrowser:
    @pytest.mark.parametrize(
        "kind",
        [
            "text/html",
            "text/xml",
            "application/xml",
            "application/xhtml+xml",
            "application/rss+xml",
            "application/mathml+xml",
            "image/svg+xml",
            "model/vnd.collada+xml",
            "model/x3d+xml",
            "text/xsl",
            "text/javascript",
            "application/javascript",
            "application/ecmascript",
        ],
    )
    def test_active(self, kind: str) -> None:
        assert runs_in_a_browser(kind)

    @pytest.mark.parametrize(
        "kind",
        [
            *sorted(set(HEADS) - {"text/html", "image/svg+xml"}),
            "application/octet-stream",
            "application/json",
            "text/plain",
            "text/csv",
            "audio/webm",
        ],
    )
    def test_harmless(self, kind: str) -> None:
        assert not runs_in_a_browser(kind)
