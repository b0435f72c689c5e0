"""Answers of a declared provider in our words: which rule holds, what is a file, and what is said beside."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.artifacts import Artifact, Hosts
from lumeo.errors import ErrorCode, Gone
from lumeo.prediction import Remark, Snapshot, Status
from lumeo.providers.grammar import Keyed
from lumeo.providers.http import Answer
from lumeo.providers.reading import answered, found, snapshot
from tests.unit.declaring import BASE, declaration
from tests.unit.make import JSON

Change = tuple[str, str]


def seen(body: Any, **more: Any) -> dict[str, Any]:
    """What expressions see of an answer with that body."""
    common: dict[str, Any] = {"http": {"status": 200, "headers": {}, "binary": False}, "body": body, "url": BASE}
    known: dict[str, Any] = {
        "id": "job1",
        "kept": {},
        "model": None,
        "options": {},
        "base": BASE,
        "before": {},
        "result": None,
    }
    return common | known | more


def read(body: Any, *changes: Change, **more: Any) -> Snapshot:
    return snapshot(declaration(*changes), seen(body, **more))


class TestRules:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"status": "stopped"}, Status.CANCELED, None),
            ({"status": "bad"}, Status.FAILED, ErrorCode.GENERATION_FAILED),
            ({"status": "blocked"}, Status.FAILED, ErrorCode.CONTENT_REJECTED),
            ({"status": "done"}, Status.SUCCEEDED, None),
            ({"status": "waits"}, Status.STARTING, None),
            ({"status": "works"}, Status.PROCESSING, None),
        ],
    )
    def test_each(self, body: Any, status: Status, code: ErrorCode | None) -> None:
        said = read(body)

        assert (said.status, said.code, said.unknown, said.upstream.status) == (status, code, False, body["status"])

    def test_the_first_that_holds(self) -> None:
        """A second answer that says that it failed counts more than the first that says that it is done."""
        assert read({"status": "done"}, result={"http": {"status": 422}, "body": {}}).status is Status.FAILED

    def test_one_without_when_takes_all_that_is_left(self) -> None:
        last: Change = (
            "  - {when: \"body.status == 'works'\", status: processing}\n",
            "  - {when: \"body.status == 'works'\", status: processing}\n  - {status: failed, code: interrupted}\n",
        )

        assert read({"status": "works"}, last).status is Status.PROCESSING
        assert (read(None, last).status, read(None, last).code) == (Status.FAILED, ErrorCode.INTERRUPTED)

    @pytest.mark.parametrize(
        "body", [None, {}, [], "done", 7, {"status": "DONE"}, {"status": None}, {"status": ["done"]}]
    )
    def test_none_is_still_running(self, body: Any) -> None:
        said = read(body)

        assert (said.status, said.unknown, said.output) == (Status.PROCESSING, True, None)

    def test_gone(self) -> None:
        with pytest.raises(Gone, match="why") as caught:
            read({"status": "lost", "error": "why"})
        assert caught.value.code is ErrorCode.OUTPUT_EXPIRED

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ([("status: gone}", "status: gone, code: content_rejected}")], ErrorCode.CONTENT_REJECTED),
            ([("gone: output_expired\n", "")], ErrorCode.INTERRUPTED),
        ],
    )
    def test_gone_with_a_code(self, changes: list[Change], code: ErrorCode) -> None:
        with pytest.raises(Gone, match="lost") as caught:
            read({"status": "lost"}, *changes)
        assert caught.value.code is code

    @pytest.mark.parametrize("name", ["x-state", "X-State"])
    def test_headers_by_their_names_in_lower_case(self, name: str) -> None:
        rule = ("\"body.status == 'stopped'\"", '\'http.headers."x-state" == `"stopped"`\'')
        said = answered(Answer(200, {name: "stopped"}, "", {"status": "x"}), BASE)

        assert snapshot(declaration(rule), seen(None) | said).status is Status.CANCELED


class TestRemarks:
    def test_of_what_succeeded(self) -> None:
        assert read({"status": "some"}).remark is Remark.PARTIAL

    @pytest.mark.parametrize("status", ["done", "bad", "works", "stopped"])
    def test_none(self, status: str) -> None:
        assert read({"status": status}).remark is None


class TestOutput:
    @pytest.mark.parametrize("output", ["text", 7, False, [], {}, {"a": None}, [None, "x"], "\ud800"])
    def test_as_it_is(self, output: Any) -> None:
        assert read({"status": "done", "output": output}).output == {
            "answer": output,
            "results": None,
        }

    def test_a_place_for_nothing(self) -> None:
        assert read({"status": "done", "output": 7}, ("  results: body.results\n", "  results:\n")).output == {
            "answer": 7,
            "results": None,
        }

    @pytest.mark.parametrize("status", ["works", "waits", "huh"])
    def test_not_before_the_end(self, status: str) -> None:
        assert read({"status": status, "output": "text"}).output is None

    @pytest.mark.parametrize("status", ["bad", "stopped"])
    def test_not_of_what_did_not_succeed(self, status: str) -> None:
        said = read({"status": status, "output": "text"})

        assert (said.output, said.stored) == (None, False)

    @pytest.mark.parametrize("status", ["bad", "stopped", "blocked"])
    @pytest.mark.parametrize("output", [{"results": f"{BASE}/r"}, {"output": "https://x.files.acme.test/a"}])
    def test_files_are_kept_however_it_ended(self, status: str, output: Any) -> None:
        said = read({"status": status, **output})

        assert said.stored
        assert said.output == {"answer": output.get("output"), "results": output.get("results")}

    def test_hosts_of_the_account_count(self) -> None:
        body = {"status": "bad", "output": "https://mine.test/a"}

        assert snapshot(declaration(), seen(body), Hosts(["mine.test"])).stored
        assert not snapshot(declaration(), seen(body)).stored


def files(output: Any, *changes: Change) -> list[Artifact]:
    return list(found(declaration(*changes), output))


class TestFiles:
    def test_on_its_hosts(self) -> None:
        output = {
            "answer": ["https://x.files.acme.test/a.png", "https://evil.test/b", {"deep": "https://y.files.acme.test/"}]
        }

        assert files(output) == [
            Artifact("/answer/0", "https://x.files.acme.test/a.png"),
            Artifact("/answer/2/deep", "https://y.files.acme.test/"),
        ]

    def test_data(self) -> None:
        assert files({"answer": "data:image/png;base64,iVBORw=="}) == [
            Artifact("/answer", "data:image/png;base64,iVBORw==")
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "see https://x.files.acme.test/a",
            "https://x.files.acme.test/a and more",
            "http://x.files.acme.test/a",
            "https://files.acme.test/a",
            "https://x.files.acme.test:8443/a",
            "https://x.files.acme.test.evil.test/",
            f"{BASE}/jobs/job1",
            "data:text/plain,hello",
        ],
    )
    def test_what_is_a_text(self, text: str) -> None:
        assert files({"answer": text, "list": [text]}) == []

    @pytest.mark.parametrize(
        ("at", "pointer", "holds"),
        [
            ("/results", "/results", True),
            ("/results", "/results/0", False),
            ("/results", "/a/results", False),
            ("/results", "", False),
            ("", "", True),
            ("", "/a", False),
            ("/*", "/a", True),
            ("/*", "/", True),
            ("/*", "/a/b", False),
            ("/*", "", False),
            ("/a/*/b", "/a/0/b", True),
            ("/a/*/b", "/a/x~1y/b", True),
            ("/a/*/b", "/a/x/y/b", False),
            ("/a/*/b", "/a/0/c", False),
            ("/a/*/*", "/a/0/1", True),
            ("/a.b", "/axb", False),
            ("/a*", "/ab", False),
            ("/a", "/a\n", False),
            ("/*", "/a\nb", True),
        ],
    )
    def test_places(self, at: str, pointer: str, holds: bool) -> None:  # noqa: FBT001
        assert Keyed(at).holds(pointer) is holds

    def test_at_places_with_the_key(self) -> None:
        output = {
            "answer": [{"video": f"{BASE}/v/0"}, {"video": f"{BASE}/v/1", "other": f"{BASE}/o"}],
            "results": f"{BASE}/r",
        }

        assert files(output) == [
            Artifact("/answer/0/video", f"{BASE}/v/0", keyed=True),
            Artifact("/answer/1/video", f"{BASE}/v/1", keyed=True),
            Artifact("/results", f"{BASE}/r", keyed=True, type="application/x-ndjson"),
        ]

    @pytest.mark.parametrize(
        "output",
        [
            pytest.param({"answer": f"{BASE}/account/keys"}, id="a text"),
            pytest.param({"answer": {"results": f"{BASE}/account/keys"}}, id="a place of the same name"),
            pytest.param({"answer": [[{"video": f"{BASE}/v"}]]}, id="deeper than declared"),
            pytest.param({"answer": {"a/b": {"c": {"video": f"{BASE}/v"}}}}, id="one part more"),
            pytest.param({"answer": f"[a link]({BASE}/r)"}, id="a sentence"),
            pytest.param({"results": f"see {BASE}/r"}, id="a sentence at the place"),
            pytest.param({"results": {"url": f"{BASE}/r"}}, id="a map at the place"),
            pytest.param({"results": [f"{BASE}/r"]}, id="a list at the place"),
            pytest.param({"results": None}, id="nothing"),
            pytest.param({"results": ""}, id="an empty text"),
            pytest.param({"results": "ftp://api.acme.test/r"}, id="another scheme"),
            pytest.param({"results": "file:///etc/passwd"}, id="a file"),
            pytest.param({"results": "/v1/r"}, id="a path"),
        ],
    )
    def test_a_models_own_text_never_becomes_a_keyed_download(self, output: Any) -> None:
        assert not any(file.keyed for file in files(output))

    def test_the_whole(self) -> None:
        place: list[Change] = [
            ("    - {at: /results, type: application/x-ndjson}\n    - {at: /answer/*/video}\n", '    - {at: ""}\n'),
            ("  files: [/results]", '  files: ["/results"]'),
            ("output:\n  answer: result.body || body.output\n  results: body.results\n", "output: body.url\n"),
        ]
        items = (
            'items:\n  files: ["/results"]\n  id: custom_id\n  rules:\n    - {when: ok, status: '
            "succeeded}\n    - {status: failed}\n"
        )

        assert files(f"{BASE}/r", *place, (items, "")) == [Artifact("", f"{BASE}/r", keyed=True)]
        assert files([f"{BASE}/r"], *place, (items, "")) == []

    def test_many_texts(self) -> None:
        """A look has seconds."""
        began = time.process_time()

        assert files({"answer": ["word"] * 300_000}) == []
        assert time.process_time() - began < 2

    @given(JSON)
    def test_no_output_breaks_it(self, output: Any) -> None:
        assert not any(file.keyed for file in files(output))

    def test_a_deep_output(self) -> None:
        output: Any = "https://x.files.acme.test/a"
        for _ in range(5000):
            output = [output]

        assert len(files(output)) == 1


class TestBeside:
    BODY: Mapping[str, Any] = {
        "status": "works",
        "counts": {"total": 4, "done": 1, "failed": 0},
        "seconds": 1.5,
        "log": "a line\n",
        "started_at": "2026-11-21T10:00:00Z",
        "completed_at": None,
    }

    def test_all_of_it(self) -> None:
        said = read(self.BODY)

        assert said.metrics == {"progress": 0.25, "predict_time": 1.5, "counts": {"total": 4, "failed": 0}}
        assert said.logs == "a line\n"
        assert (said.upstream.started_at, said.upstream.completed_at) == ("2026-11-21T10:00:00Z", None)

    def test_none_of_it(self) -> None:
        said = read({"status": "works"})

        assert (said.metrics, said.logs, said.error) == ({}, "", None)

    @pytest.mark.parametrize(("done", "wanted"), [(0, 0), (1, 0.5), (2, 1), (5, 1)])
    def test_progress_is_between_nothing_and_all(self, done: float, wanted: float) -> None:
        assert read({"counts": {"total": 2, "done": done}}).metrics["progress"] == wanted

    @pytest.mark.parametrize("value", [True, "0.5", None, [], {}, -1])
    def test_progress_that_is_none(self, value: Any) -> None:
        change = ("progress: ratio(body.counts.done, body.counts.total)", "progress: body.progress")

        assert "progress" not in read({"progress": value}, change).metrics

    @pytest.mark.parametrize("value", ["4", -1, 1.5, True, None, [], {}, 10**30])
    def test_counts_are_whole_numbers(self, value: Any) -> None:
        """As openapi.yaml says it."""
        counts = read({"counts": {"total": 4, "failed": value}}).metrics["counts"]

        assert counts == {"total": 4} or (counts == {"total": 4, "failed": value} and value == 10**30)

    @pytest.mark.parametrize("value", ["1.5", -1, True, None, [], {}])
    def test_time_is_a_number(self, value: Any) -> None:
        assert "predict_time" not in read({"seconds": value}).metrics

    @pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e999"])
    def test_metrics_are_json(self, value: str) -> None:
        change = ("metrics: {predict_time: body.seconds}", "metrics: {predict_time: num(body.seconds)}")
        progress = ("progress: ratio(body.counts.done, body.counts.total)", "progress: num(body.seconds)")

        json.dumps(read({"seconds": value}, change, progress).metrics, allow_nan=False)

    @pytest.mark.parametrize("value", ["x" * 500_000, "\ud800", ["x"] * 100_000, {"a": "\udfff"}, 7, True])
    @pytest.mark.parametrize("field", ["status", "started_at", "completed_at"])
    def test_words_fit_into_an_item(self, field: str, value: Any) -> None:
        said = read({field: value}).upstream

        for text in (said.status, said.started_at, said.completed_at):
            assert text is None or len(text.encode()) <= 1024

    @pytest.mark.parametrize(("error", "wanted"), [("why", "why"), ({"code": 7}, '{"code":7}'), (None, None), (7, "7")])
    def test_error(self, error: Any, wanted: str | None) -> None:
        assert read({"status": "bad", "error": error}).error == wanted

    @given(JSON, st.sampled_from(["done", "bad", "works", "some"]))
    def test_no_answer_breaks_it(self, value: Any, status: str) -> None:
        names = ("output", "results", "error", "seconds", "log", "started_at", "completed_at", "counts")
        said = read({"status": status, **dict.fromkeys(names, value)})

        assert said.status in set(Status)
        json.dumps(said.metrics, allow_nan=False)
