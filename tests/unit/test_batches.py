"""The items of a batch: its files' lines, page by page, whatever lines there are and whatever cursor comes."""

import io
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumeo import aws, offered, providers
from lumeo.batches import PAGE, PAGE_BYTES, page
from lumeo.errors import ApiError
from lumeo.prediction import Output, Phase, Prediction
from lumeo.routes import as_json
from tests.unit.declaring import GOOD, changed
from tests.unit.make import prediction

ORIGIN = "https://lumeo.test"
LAMBDA_ANSWER_BYTES = 6 * 1024 * 1024
TWO_FILES = (
    ("  files: [/results]", "  files: [/results, /errors]"),
    ("    - {at: /answer/*/video}", "    - {at: /answer/*/video}\n    - {at: /errors}"),
    ("  results: body.results\n", "  results: body.results\n  errors: body.errors\n"),
)


class Repeated(io.RawIOBase):
    """A file that says the same again and again, and is nowhere as a whole."""

    def __init__(self, line: bytes, size: int, start: int) -> None:
        self._block, self._size, self._at = line * (256 * 1024 // len(line) + 1), size, start
        self._line = len(line)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        begun = self._at % self._line
        count = min(len(into), self._size - self._at, len(self._block) - begun)
        into[:count] = self._block[begun : begun + count]
        self._at += count
        return count


@dataclass
class Bucket:
    """The bucket as far as this needs it: what is in it, and how many bytes were read from it."""

    files: dict[str, tuple[int, Callable[[int], Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    read: int = 0

    def put(self, key: str, content: bytes) -> int:
        self.files[key] = (len(content), lambda start: io.BytesIO(content[start:]))
        return len(content)

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        key = urlsplit(request.url).path.lstrip("/")
        wanted = request.headers["Range"]
        self.asked.append(str(wanted if isinstance(wanted, str) else wanted.decode()))
        if key not in self.files:
            wrong = b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"
            return self._said(request, 404, len(wrong), io.BytesIO(wrong))
        size, begin = self.files[key]
        start = int(self.asked[-1].removeprefix("bytes=").removesuffix("-"))
        return self._said(request, 206, size - start, begin(start))

    def _said(self, request: Any, status: int, length: int, content: Any) -> AWSResponse:
        headers: Any = {"Content-Length": str(length)}
        return AWSResponse(request.url, status, headers, Counted(content, self))


class Counted:
    """A body as urllib3 has it."""

    def __init__(self, source: Any, bucket: Bucket) -> None:
        self._source, self._bucket = source, bucket

    def read(self, size: int | None = None) -> bytes:
        found: bytes = self._source.read(-1 if size is None else size)
        self._bucket.read += len(found)
        return found

    def stream(self, size: int = 64 * 1024, **_: Any) -> Iterator[bytes]:
        while found := self.read(size):
            yield found

    def close(self) -> None:
        self._source.close()

    def release_conn(self) -> None:
        """Nothing is held."""


@pytest.fixture(scope="module")
def _acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The provider among ours."""
    folder = tmp_path_factory.mktemp("declarations")
    (folder / "acme.yaml").write_text(GOOD)
    (folder / "two.yaml").write_text(changed(*TWO_FILES))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offered, "DECLARATIONS", folder)
        providers.provider.cache_clear()
        yield
    providers.provider.cache_clear()


@pytest.fixture
def bucket(environment: dict[str, str], _acme: None) -> Iterator[Bucket]:
    found = Bucket()
    events: Any = aws.s3().meta.events
    events.register_first("before-send.s3.GetObject", found.answer)
    yield found
    events.unregister("before-send.s3.GetObject", found.answer)


def over(bucket: Bucket, *contents: bytes, **changes: Any) -> Prediction:
    """A prediction that is over, with these files."""
    places = ["/results", "/errors"]
    outputs = {
        str(n): Output(places[n], f"outputs/abc/{n}.jsonl", bucket.put(f"outputs/abc/{n}.jsonl", content), "", "")
        for n, content in enumerate(contents)
    }
    common = {"provider": "acme" if len(contents) < 2 else "two", "outputs": outputs}
    return prediction(Phase.DONE, **{**common, **changes})


def cursor_of(found: dict[str, Any]) -> str | None:
    if found["next"] is None:
        return None
    cursor: str
    (cursor,) = parse_qs(urlsplit(found["next"]).query)["cursor"]
    return cursor


def walked(made: Prediction, cursor: str | None = None) -> list[list[dict[str, Any]]]:
    """All pages from one on."""
    pages: list[list[dict[str, Any]]] = []
    while len(pages) < 1000:
        found = page(made, cursor, ORIGIN)
        pages.append(found["results"])
        cursor = cursor_of(found)
        if cursor is None:
            return pages
    raise AssertionError("it does not end")


def items(made: Prediction) -> list[Any]:
    return [result["item"] for one in walked(made) for result in one]


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def row(n: int, **more: Any) -> dict[str, Any]:
    return {"custom_id": f"item-{n}", "ok": n % 2 == 0, **more}


class TestPages:
    @pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 50])
    def test_each_item_once_and_in_order(self, bucket: Bucket, count: int) -> None:
        made = over(bucket, lines(*(row(n) for n in range(count))))

        pages = walked(made)

        assert [result["item"] for one in pages for result in one] == [row(n) for n in range(count)]
        assert all(len(one) == PAGE for one in pages[:-1])

    def test_what_is_said_of_each(self, bucket: Bucket) -> None:
        found = page(over(bucket, lines(row(0), row(1), {"custom_id": 7}, {"ok": True})), None, ORIGIN)

        assert [(one["id"], one["status"]) for one in found["results"]] == [
            ("item-0", "succeeded"),
            ("item-1", "failed"),
            ("7", "failed"),
            (None, "succeeded"),
        ]
        assert found["previous"] is None
        assert found["next"] is None

    def test_the_next_page_is_a_url(self, bucket: Bucket) -> None:
        made = over(bucket, lines(*(row(n) for n in range(PAGE + 1))))

        found = page(made, None, ORIGIN)

        assert found["next"].startswith(f"{ORIGIN}/v1/predictions/{made.id}/items?cursor=")

    def test_by_bytes_too(self, bucket: Bucket) -> None:
        made = over(bucket, lines(*(row(n, text="x" * 300_000) for n in range(20))))

        pages = walked(made)

        assert [one["item"]["custom_id"] for part in pages for one in part] == [f"item-{n}" for n in range(20)]
        assert max(len(part) for part in pages) == PAGE_BYTES // 300_100

    def test_several_files(self, bucket: Bucket) -> None:
        made = over(bucket, lines(*(row(n) for n in range(150))), lines(*(row(n) for n in range(150, 300))))

        assert items(made) == [row(n) for n in range(300)]
        assert [len(part) for part in walked(made)] == [100, 100, 100]

    @pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (PAGE, 1), (0, 0), (PAGE, PAGE)])
    def test_files_of_all_sizes(self, bucket: Bucket, sizes: tuple[int, int]) -> None:
        first, second = sizes
        made = over(bucket, lines(*map(row, range(first))), lines(*map(row, range(first, first + second))))

        assert items(made) == [row(n) for n in range(first + second)]

    def test_other_files_have_no_items(self, bucket: Bucket) -> None:
        made = over(bucket, lines(row(0)))
        other = Output("/answer", "outputs/abc/1.png", bucket.put("outputs/abc/1.png", b"\x89PNG"), "", "")

        made = over(bucket, lines(row(0)), outputs={"0": other, "1": made.outputs["0"]})

        assert items(made) == [row(0)]


class TestLines:
    @pytest.mark.parametrize(
        ("content", "wanted"),
        [
            pytest.param(b'{"a":1}', [{"a": 1}], id="no line end"),
            pytest.param(b'{"a":1}\n{"a":2}', [{"a": 1}, {"a": 2}], id="no line end at the end"),
            pytest.param(b'{"a":1}\r\n{"a":2}\r\n', [{"a": 1}, {"a": 2}], id="CRLF"),
            pytest.param(b'\n\n{"a":1}\n \n\t\r\n{"a":2}\n\n', [{"a": 1}, {"a": 2}], id="blank lines"),
            pytest.param(b"", [], id="nothing"),
            pytest.param(b"\n\n\n", [], id="nothing but line ends"),
            pytest.param(b'\xef\xbb\xbf{"a":1}\n', [{"a": 1}], id="a byte order mark"),
            pytest.param(b'{"a":1}\n{"a":\n{"a":2}\n', [{"a": 1}, None, {"a": 2}], id="bad JSON"),
            pytest.param(b'{"a":1}\n\xff\xfe\n{"a":2}\n', [{"a": 1}, None, {"a": 2}], id="no text"),
            pytest.param(b'{"a":1}{"a":2}\n', [None], id="two in a line"),
            pytest.param(b'7\n"x"\n[1]\nnull\ntrue\n', [7, "x", [1], None, True], id="no objects"),
            pytest.param(b'{"a":NaN}\n{"a":1e999}\n', [{"a": None}, {"a": None}], id="no numbers"),
            pytest.param(b"[" * 100_000 + b"\n7\n", [None, 7], id="deep"),
            pytest.param('{"a":"\u2028\u0085é\\ud800"}\n'.encode(), [{"a": "\u2028\x85é\ud800"}], id="other line ends"),
        ],
    )
    def test_each(self, bucket: Bucket, content: bytes, wanted: list[Any]) -> None:
        made = over(bucket, content)

        assert items(made) == wanted
        as_json(page(made, None, ORIGIN)).encode()

    def test_what_is_none_has_failed(self, bucket: Bucket) -> None:
        (result,) = page(over(bucket, b"{bad\n"), None, ORIGIN)["results"]

        assert result == {"id": None, "status": "failed", "item": None}

    @pytest.mark.parametrize("size", [PAGE_BYTES + 1, PAGE_BYTES + 64 * 1024, 3 * PAGE_BYTES])
    @pytest.mark.parametrize("last", [True, False])
    def test_one_that_is_longer_than_a_page(self, bucket: Bucket, size: int, *, last: bool) -> None:
        """It is passed over, and those around it are not."""
        long = b'"' + b"x" * (size - 2) + b'"'
        rest = b"" if last else b"\n" + lines(row(2))
        made = over(bucket, lines(row(0)) + long + rest)

        found = [result for one in walked(made) for result in one]

        assert [one["item"] for one in found] == [row(0), None, *([] if last else [row(2)])]

    def test_nobody_says_that_one_failed_which_was_not_read(self, bucket: Bucket) -> None:
        """A picture in its line is longer than a page, and has succeeded."""
        made = over(bucket, lines(row(0, picture="x" * PAGE_BYTES)))

        (result,) = page(made, None, ORIGIN)["results"]

        assert result["status"] != "failed"

    @pytest.mark.parametrize("size", [PAGE_BYTES - 1, PAGE_BYTES])
    def test_one_as_long_as_a_page(self, bucket: Bucket, size: int) -> None:
        made = over(bucket, lines(row(0)) + b'"' + b"x" * (size - 2) + b'"\n' + lines(row(1)))

        assert [isinstance(item, str) for item in items(made)] == [False, True, False]

    @pytest.mark.parametrize("letter", ["x", "é", "日", "😀", '"', "\\", "\x01", "\n"])
    def test_a_page_fits_into_an_answer(self, bucket: Bucket, letter: str) -> None:
        """Lambda hands it on as JSON within JSON, which says some letters in more bytes than the line did."""
        one = json.dumps({"text": letter * 1000}, ensure_ascii=False).encode() + b"\n"
        made = over(bucket, one * (2 * PAGE_BYTES // len(one)))
        largest = json.dumps({"text": letter * (PAGE_BYTES // 3)}, ensure_ascii=False).encode() + b"\n"

        for content in (made, over(bucket, largest * 3)):
            answer = {"statusCode": 200, "body": as_json(page(content, None, ORIGIN))}
            assert len(json.dumps(answer, ensure_ascii=False).encode()) <= LAMBDA_ANSWER_BYTES

    def test_numbers_grow_too(self, bucket: Bucket) -> None:
        one = b"[" + b",".join([b"1e15"] * ((PAGE_BYTES - 10) // 5)) + b"]\n"

        answer = as_json(page(over(bucket, one), None, ORIGIN))

        assert len(json.dumps({"body": answer}, ensure_ascii=False)) <= LAMBDA_ANSWER_BYTES

    @given(
        st.lists(st.sampled_from([b"", b" ", b"{}", b'{"custom_id":1}', b"bad", b"\r", b'"' + b"x" * 70_000 + b'"']))
    )
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_lines(self, bucket: Bucket, content: list[bytes]) -> None:
        wanted = [None if line == b"bad" else json.loads(line) for line in content if line.strip()]

        assert items(over(bucket, b"\n".join(content))) == wanted


class TestCursors:
    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "1",
            "0-",
            "-0",
            "0-x",
            "0--1",
            "-1-0",
            "0-0-0",
            "1-0",
            "999-0",
            "1000-0",
            "0-1e3",
            "0-0\n",
            " 0-0",
            "0-" + "9" * 16,
        ],
    )
    def test_what_is_none(self, bucket: Bucket, cursor: str) -> None:
        with pytest.raises(ApiError) as caught:
            page(over(bucket, lines(row(0))), cursor, ORIGIN)
        assert caught.value.status == 400

    @pytest.mark.parametrize("cursor", [None, "", "0-0", "000-000"])
    def test_the_first(self, bucket: Bucket, cursor: str | None) -> None:
        assert len(page(over(bucket, lines(row(0))), cursor, ORIGIN)["results"]) == 1

    @pytest.mark.parametrize("place", [10_000, 999_999_999_999_999])
    def test_behind_the_end(self, bucket: Bucket, place: int) -> None:
        made = over(bucket, lines(row(0)))

        assert page(made, f"0-{place}", ORIGIN) == {"previous": None, "next": None, "results": []}

    @given(st.integers(0, 200))
    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_in_the_middle_of_a_line(self, bucket: Bucket, place: int) -> None:
        """Who makes one up gets half a line, of the own prediction."""
        content = '{"custom_id":"é日😀"}\n'.encode() * 8

        found = page(over(bucket, content), f"0-{place}", ORIGIN)

        assert len(found["results"]) == len([part for part in content[place:].split(b"\n") if part.strip()])

    def test_other_digits_are_none(self, bucket: Bucket) -> None:
        with pytest.raises(ApiError):
            page(over(bucket, lines(row(0))), "\u0660-\u0660", ORIGIN)


class TestWhen:
    @pytest.mark.parametrize("phase", [Phase.ACCEPTED, Phase.SENDING, Phase.RUNNING, Phase.SETTLED])
    @pytest.mark.usefixtures("bucket")
    def test_before_it_is_over(self, phase: Phase) -> None:
        with pytest.raises(ApiError) as caught:
            page(prediction(phase, provider="acme"), None, ORIGIN)
        assert caught.value.status == 409

    @pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.DONE])
    @pytest.mark.usefixtures("bucket")
    def test_of_who_has_none(self, phase: Phase) -> None:
        """There never will be any: nobody is told to come again."""
        with pytest.raises(ApiError) as caught:
            page(prediction(phase), None, ORIGIN)
        assert caught.value.status == 404

    def test_without_files(self, bucket: Bucket) -> None:
        with pytest.raises(ApiError) as caught:
            page(over(bucket), None, ORIGIN)
        assert caught.value.status == 404

    def test_after_it_was_deleted(self, bucket: Bucket) -> None:
        with pytest.raises(ApiError) as caught:
            page(over(bucket, lines(row(0)), removed_at="2026-11-21T11:00:00.000Z"), None, ORIGIN)
        assert caught.value.status == 404
        assert bucket.asked == []

    def test_after_its_files_have_expired(self, bucket: Bucket) -> None:
        """Outputs may be kept for less long than records."""
        made = over(bucket, lines(row(0)))
        bucket.files.clear()

        with pytest.raises(ApiError) as caught:
            page(made, None, ORIGIN)
        assert caught.value.status in {404, 410}


class TestLargeFiles:
    SIZE = 50 * 1024 * 1024

    def huge(self, bucket: Bucket, line: bytes) -> Prediction:
        key = "outputs/abc/0.jsonl"
        bucket.files[key] = (self.SIZE, lambda start: io.BufferedReader(Repeated(line, self.SIZE, start), 64 * 1024))
        return over(bucket, outputs={"0": Output("/results", key, self.SIZE, "", "")})

    @pytest.mark.parametrize("cursor", ["0-0", "0-26214400"])
    def test_no_more_than_a_page_is_read_or_held(self, bucket: Bucket, cursor: str) -> None:
        line = lines(row(0, text="x" * 1000))
        made = self.huge(bucket, line)
        page(made, cursor, ORIGIN)
        bucket.read = 0

        tracemalloc.start()
        found = page(made, cursor, ORIGIN)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert len(found["results"]) == PAGE
        assert peak < 8 * 1024 * 1024
        assert bucket.read <= PAGE * len(line) + 2 * 64 * 1024

    def test_one_line_alone(self, bucket: Bucket) -> None:
        """A file of one endless line."""
        made = self.huge(bucket, b"x" * 4096)

        tracemalloc.start()
        found = items(made)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert found == [None]
        assert peak < 16 * 1024 * 1024

    @pytest.mark.parametrize("line", [b"\n", b" " * 4095 + b"\n"])
    def test_nothing_but_blank_lines(self, bucket: Bucket, line: bytes) -> None:
        """A page is an answer within seconds, whatever is in the file."""
        made = self.huge(bucket, line)
        began = time.process_time()

        found = page(made, None, ORIGIN)

        assert (found["results"], found["next"] is None) == ([], False)
        assert bucket.read < self.SIZE - 1024 * 1024
        assert time.process_time() - began < 5

    def test_the_range_that_is_asked_for(self, bucket: Bucket) -> None:
        made = over(bucket, lines(*(row(n) for n in range(PAGE + 1))))

        walked(made)

        start = len(lines(*(row(n) for n in range(PAGE))))
        assert bucket.asked == ["bytes=0-", f"bytes={start}-"]
