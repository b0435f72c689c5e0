"""Forms as each client writes them, and what is none."""

import io

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from lumeo.errors import ApiError
from lumeo.forms import MOST_PARTS, Part, parts

PNG = b"\x89PNG\r\n\x1a\n\x00--B\r\n\xff"
KIND = "multipart/form-data; boundary=B"


def form(*said: tuple[str, bytes], boundary: str = "B") -> bytes:
    """A body of parts, each with its headers."""
    made = [f"--{boundary}\r\n{headers}\r\n\r\n".encode() + content + b"\r\n" for headers, content in said]
    return b"".join(made) + f"--{boundary}--\r\n".encode()


def named(name: str, filename: str | None = None, kind: str | None = None) -> str:
    """A part's headers."""
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return disposition + (f"\r\nContent-Type: {kind}" if kind else "")


class TestClients:
    def test_curl(self) -> None:
        """By `curl -F content=@a.png -F 'metadata={"a":1};type=application/json'`."""
        boundary = "------------------------d74496d66958873e"
        body = form(
            (named("content", "a.png", "image/png"), PNG),
            (named("metadata", kind="application/json"), b'{"a":1}'),
            boundary=boundary,
        )

        assert parts(f"multipart/form-data; boundary={boundary}", body) == {
            "content": Part(PNG, "a.png", "image/png"),
            "metadata": Part(b'{"a":1}', None, "application/json"),
        }

    def test_pypi_replicate_1(self) -> None:
        """By httpx, which writes the name of a file like `requests`, and metadata as a file without a name."""
        boundary = "2c0d1c1d5c7ff86d15f5e1b1f5b8a3c1"
        body = form(
            ('Content-Disposition: form-data; name="content"; filename="a.png"\r\nContent-Type: image/png', PNG),
            ('Content-Disposition: form-data; name="metadata"\r\nContent-Type: application/json', b"{}"),
            boundary=boundary,
        )

        found = parts(f"multipart/form-data; boundary={boundary}", body)

        assert found == {"content": Part(PNG, "a.png", "image/png"), "metadata": Part(b"{}", None, "application/json")}

    def test_pypi_replicate_2(self) -> None:
        """Metadata comes as a part for each key."""
        body = form((named("metadata[of]"), b"corgi"), (named("content", "a.png"), PNG))

        assert parts(KIND, body) == {"metadata[of]": Part(b"corgi", None, ""), "content": Part(PNG, "a.png", "")}

    def test_npm_replicate(self) -> None:
        """By Node's own form, whose last boundary has no line's end behind it in some of its versions."""
        boundary = "----formdata-undici-034198264128"
        body = form(
            (named("content", "blob", "application/octet-stream"), PNG),
            (named("metadata", "blob", "application/json"), b'{"a":"b"}'),
            boundary=boundary,
        )
        kind = f"multipart/form-data; boundary={boundary}"

        found = parts(kind, body)

        assert found == parts(kind, body.removesuffix(b"\r\n"))
        assert found == {
            "content": Part(PNG, "blob", "application/octet-stream"),
            "metadata": Part(b'{"a":"b"}', "blob", "application/json"),
        }

    @pytest.mark.parametrize("filename", ["a.png", "a b.png", "\u00e4\u20ac.png", 'a"b.png', "a;b=c.png", "%22.png"])
    def test_requests(self, filename: str) -> None:
        """As it is written by what Python programs use, whatever a file is called."""
        files = {"content": (filename, io.BytesIO(PNG), "image/png")}
        made = requests.Request("POST", "https://lumeo.test", files=files, data={"type": "x/y"}).prepare()
        assert isinstance(made.body, bytes)

        found = parts(made.headers["Content-Type"], made.body)

        assert found["content"] == Part(PNG, filename.replace("%22", '"'), "image/png")
        assert found["type"] == Part(b"x/y", None, "")

    @given(st.binary(max_size=500), st.binary(max_size=100))
    def test_any_bytes_come_as_they_are(self, content: bytes, metadata: bytes) -> None:
        body, kind = urllib3.encode_multipart_formdata({"content": ("x", content), "metadata": metadata})

        found = parts(kind, body)

        assert (found["content"].content, found["metadata"].content) == (content, metadata)


class TestRight:
    def test_the_first_of_a_name_counts(self) -> None:
        assert parts(KIND, form((named("a"), b"1"), (named("a"), b"2")))["a"].content == b"1"

    def test_no_part_is_a_form(self) -> None:
        assert parts(KIND, b"--B--\r\n") == {}

    def test_an_empty_part_is_one(self) -> None:
        assert parts(KIND, form((named("content", "a.png"), b""))) == {"content": Part(b"", "a.png", "")}

    @pytest.mark.parametrize(
        "kind",
        [
            "multipart/form-data; boundary=B",
            'multipart/form-data; boundary="B"',
            "MULTIPART/Form-Data; Boundary=B",
            "multipart/form-data;boundary=B; charset=utf-8",
            "multipart/form-data; charset=utf-8; boundary=B",
        ],
    )
    def test_its_type_is_said_in_many_ways(self, kind: str) -> None:
        assert parts(kind, form((named("a"), b"1")))["a"].content == b"1"

    def test_a_parts_charset_is_nobodys_business(self) -> None:
        assert parts(KIND, form((named("a", kind="text/plain; charset=none"), b"\xff")))["a"].content == b"\xff"

    @pytest.mark.parametrize("filename", ["..\\\\a.png", "C:\\\\x\\\\a.png"])
    def test_of_a_path_of_windows_the_name_is_kept(self, filename: str) -> None:
        found = parts(KIND, form((named("content", filename), b"x")))["content"].filename

        assert found is not None
        assert found.endswith("a.png")

    def test_as_many_parts_as_there_may_be(self) -> None:
        assert len(parts(KIND, form(*((named(f"p{n}"), b"") for n in range(MOST_PARTS))))) == MOST_PARTS


class TestWrong:
    @pytest.mark.parametrize(
        "kind",
        [
            "",
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary",
            'multipart/form-data; boundary=""',
            "multipart/mixed; boundary=B",
            "application/x-www-form-urlencoded",
        ],
    )
    def test_another_type(self, kind: str) -> None:
        with pytest.raises(ApiError, match="The body is not multipart/form-data") as caught:
            parts(kind, form((named("a"), b"1")))

        assert caught.value.status == 400

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"content", id="no form"),
            pytest.param(form((named("a"), b"1"), boundary="C"), id="another boundary"),
            pytest.param(form((named("a"), b"1"))[:-4], id="cut off in its last line"),
            pytest.param(form((named("a"), b"1"))[:30], id="cut off in a header"),
            pytest.param(b"--B\r\n", id="cut off before a header"),
            pytest.param(form(("Content-Type: text/plain", b"1")), id="a part without a name for itself"),
            pytest.param(form(("no header", b"1")), id="a line that is no header"),
            pytest.param(form(("Content-Disposition: attachment; name=a", b"1")), id="another disposition"),
            pytest.param(form((named("a") + "\r\nContent-Length: 7", b"1")), id="another length than it says"),
            pytest.param(form((named("a") + "\r\nX: " + "x" * 20_000, b"1")), id="a header that is too long"),
            pytest.param(form(*((named(f"p{n}"), b"") for n in range(MOST_PARTS + 1))), id="too many parts"),
            pytest.param(form((named("a"), b"1")).replace(b"\r\n", b"\n"), id="other line ends"),
            pytest.param(
                b'--B\r\nContent-Disposition: form-data; name="a"; filename="\xff"\r\n\r\n1\r\n--B--\r\n', id="utf"
            ),
        ],
    )
    def test_a_body(self, body: bytes) -> None:
        with pytest.raises(ApiError, match="The form cannot be read") as caught:
            parts(KIND, body)

        assert caught.value.status == 400

    @pytest.mark.parametrize("boundary", ["\u00e4", "\ud800", "B" * 5000, "B C", "B\n", "--B"])
    def test_a_boundary(self, boundary: str) -> None:
        with pytest.raises(ApiError) as caught:
            parts(f'multipart/form-data; boundary="{boundary}"', form((named("a"), b"1")))

        assert caught.value.status == 400

    @given(st.binary() | st.binary().map(lambda inner: b"--B\r\n" + inner + b"\r\n--B--\r\n"), st.text())
    def test_any_bytes_are_a_form_or_a_bad_request(self, body: bytes, kind: str) -> None:
        for said in (KIND, f"multipart/form-data; boundary={kind}", kind):
            try:
                assert isinstance(parts(said, body), dict)
            except ApiError as refused:
                status = refused.status
            else:
                status = 400
            assert status == 400
