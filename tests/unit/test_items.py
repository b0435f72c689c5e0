"""Between our values and DynamoDB's items: nothing is lost, nothing unknown is in the way."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo.errors import ErrorCode
from lumeo.items import pack, plain, prediction_from, unpack
from lumeo.prediction import (
    Announced,
    Document,
    Handle,
    Intent,
    Output,
    Phase,
    Prediction,
    Status,
    Subscriber,
    Turn,
    Upstream,
    Verdict,
)
from tests.unit.make import HANDLE, INTENT, NOW, OUTPUT, UPSTREAM, prediction

FULL = prediction(
    Phase.DONE,
    deadline_by="caller",
    version="acme/fast:39ed",
    room=Turn(NOW, 1500),
    intent=replace(INTENT, absent_at=NOW),
    webhook=True,
    proposed=HANDLE.id,
    handle=HANDLE,
    wakes=2,
    task_token="AQCEAAAAKgAAAAMAAAAA",
    polls=12,
    troubles=3,
    upstream=replace(UPSTREAM, completed_at=NOW),
    logs=Document(key="records/x/logs.json"),
    metrics=Document(json='{"predict_time":3.366505}'),
    cancel_requested=NOW,
    cancel_sent=NOW,
    verdict=Verdict(Status.FAILED, NOW, ErrorCode.GENERATION_FAILED),
    raw_error=Document(json='"NSFW"'),
    fresh_look="gone",
    outputs={"0": OUTPUT, "12": replace(OUTPUT, pointer="/a~1b", bytes=2**40)},
    error_code=ErrorCode.OUTPUT_EXPIRED,
    completed_at=NOW,
    timeline={"accepted": NOW, "submitted": NOW, "started": NOW, "completed": NOW, "saved": NOW},
    deployment="acme/fast",
    latest="39ed",
    rerun_of="0" * 26,
    subscriber=Subscriber("https://hooks.example/x", ("start", "completed")),
    partial=Document(json='"half"'),
    raw_logs=Document(key="records/x/raw-logs.json"),
    removed_at=NOW,
    erase_at=NOW,
    announced={
        "start": Announced(attempts=1, first_at=NOW, last_at=NOW, status=200, delivered_at=NOW),
        "logs": Announced(attempts=3, first_at=NOW, last_at=NOW, n=7, error="timeout"),
    },
    told_at=NOW,
)

NUMBERS = st.integers(0, 10**37)
DOCUMENTS = st.builds(Document, json=st.text()) | st.builds(Document, key=st.text(), digest=st.text())
VERDICTS = st.builds(Verdict, status=st.sampled_from(Status), at=st.text(), code=st.none() | st.sampled_from(ErrorCode))
OUTPUTS = st.builds(Output, st.text(), st.text(), NUMBERS, st.text(), st.text())
PREDICTIONS = st.builds(
    Prediction,
    due_shard=st.none() | NUMBERS,
    webhook=st.booleans(),
    wakes=NUMBERS,
    room=st.none() | st.builds(Turn, st.text(), NUMBERS),
    proposed=st.none() | st.text(),
    task_token=st.none() | st.text(),
    polls=NUMBERS,
    troubles=NUMBERS,
    expires_at=st.none() | NUMBERS,
    input=DOCUMENTS,
    logs=st.none() | DOCUMENTS,
    metrics=st.none() | DOCUMENTS,
    result=st.none() | DOCUMENTS,
    raw_error=st.none() | DOCUMENTS,
    output=st.none() | DOCUMENTS,
    verdict=st.none() | VERDICTS,
    outputs=st.dictionaries(st.text(), OUTPUTS, max_size=3),
    timeline=st.dictionaries(st.text(), st.text(), max_size=3),
    deadline_by=st.sampled_from(["default", "caller"]),
    model=st.none() | st.text(),
    version=st.none() | st.text(),
    phase=st.sampled_from(Phase),
    status=st.sampled_from(Status),
    intent=st.none() | st.builds(Intent),
    handle=st.none() | st.builds(Handle),
    upstream=st.builds(Upstream, st.none() | st.text(), st.none() | st.text(), st.none() | st.text()),
    deployment=st.none() | st.text(),
    latest=st.none() | st.text(),
    rerun_of=st.none() | st.text(),
    subscriber=st.none() | st.builds(Subscriber, st.text(), st.lists(st.text(), max_size=4).map(tuple)),
    partial=st.none() | DOCUMENTS,
    removed_at=st.none() | st.text(),
    erase_at=st.none() | st.text(),
    told_at=st.none() | st.text(),
    announced=st.dictionaries(
        st.sampled_from(["start", "output", "logs", "completed"]),
        st.builds(Announced, attempts=NUMBERS, n=NUMBERS, status=st.none() | NUMBERS, error=st.none() | st.text()),
    ),
    cancel_requested=st.none() | st.text(),
    cancel_sent=st.none() | st.text(),
    fresh_look=st.sampled_from([None, "asked", "gone"]),
    error_code=st.none() | st.sampled_from(ErrorCode),
    completed_at=st.none() | st.text(),
)


def round_trip(original: Prediction) -> Prediction:
    return prediction_from(unpack(pack(plain(original))))


class TestRoundTrip:
    @pytest.mark.parametrize("phase", Phase)
    def test_each_phase(self, phase: Phase) -> None:
        assert round_trip(prediction(phase)) == prediction(phase)

    def test_every_attribute(self) -> None:
        assert round_trip(FULL) == FULL

    @given(PREDICTIONS)
    def test_any(self, original: Prediction) -> None:
        assert round_trip(original) == original

    def test_types_are_ours_again(self) -> None:
        found = round_trip(FULL)

        assert isinstance(found.phase, Phase)
        assert isinstance(found.status, Status)
        assert isinstance(found.error_code, ErrorCode)
        assert found.verdict is not None
        assert isinstance(found.verdict.code, ErrorCode)
        assert type(found.polls) is int
        assert type(found.outputs["12"].bytes) is int


class TestPlain:
    def test_what_is_none_is_not_written(self) -> None:
        written = plain(prediction())

        assert None not in written.values()
        assert not {"intent", "handle", "verdict", "version", "error_code"} & set(written)

    def test_parts_become_maps(self) -> None:
        assert plain(Verdict(Status.CANCELED, NOW)) == {"status": "canceled", "at": NOW}

    def test_tuples_become_lists_of_such_parts(self) -> None:
        """DynamoDB knows no tuples."""
        assert plain({"a": ("x", Phase.DONE, OUTPUT, ())}) == {"a": ["x", "done", plain(OUTPUT), []]}
        assert type(plain((Phase.DONE,))[0]) is str

    def test_enums_become_text(self) -> None:
        assert type(plain(Phase.DONE)) is str
        assert type(plain({"status": Status.FAILED})["status"]) is str

    @pytest.mark.parametrize("value", ["", 0, False, {}, []])
    def test_empty_is_not_none(self, value: Any) -> None:
        assert plain({"a": value}) == {"a": value}


class TestPack:
    @pytest.mark.parametrize(
        ("value", "packed"),
        [
            pytest.param("", {"S": ""}, id="empty text"),
            pytest.param("x", {"S": "x"}, id="text"),
            pytest.param(7, {"N": "7"}, id="a number"),
            pytest.param(True, {"BOOL": True}, id="a boolean"),
            pytest.param({"a": "b"}, {"M": {"a": {"S": "b"}}}, id="a map"),
            pytest.param(["a"], {"L": [{"S": "a"}]}, id="a list"),
        ],
    )
    def test_dynamodbs_notation(self, value: Any, packed: dict[str, Any]) -> None:
        assert pack({"name": value}) == {"name": packed}
        assert unpack({"name": packed}) == {"name": value}

    def test_fractions_are_refused(self) -> None:
        """They would not come back as they went: fractions belong into documents."""
        with pytest.raises(TypeError, match="Float"):
            pack({"seconds": 0.5})

    def test_numbers_come_back_whole_at_any_depth(self) -> None:
        found = unpack(pack({"a": {"b": [1, {"c": 2}]}}))

        assert type(found["a"]["b"][0]) is int
        assert type(found["a"]["b"][1]["c"]) is int


class TestUnknown:
    def test_attributes_of_a_newer_version_are_passed_over(self) -> None:
        values = unpack(pack({**plain(FULL), "pk": "prediction#x", "shards": 3, "since_tomorrow": {"at": NOW}}))

        assert prediction_from(values) == FULL

    @pytest.mark.parametrize(
        "part", ["room", "intent", "handle", "verdict", "upstream", "input", "raw_error", "subscriber", "partial"]
    )
    def test_entries_of_a_newer_version_are_passed_over(self, part: str) -> None:
        values = plain(FULL)
        values[part] = {**values[part], "since_tomorrow": "x"}

        assert prediction_from(values) == FULL

    def test_entries_of_an_output_and_of_an_announcement_are_passed_over(self) -> None:
        values = plain(FULL)
        values["outputs"]["0"]["since_tomorrow"] = "x"
        values["announced"]["logs"]["since_tomorrow"] = "x"

        assert prediction_from(values) == FULL

    def test_what_is_absent_has_its_default(self) -> None:
        needed = {"id", "caller", "created_at", "provider", "input", "base_url", "outputs_id", "deadline", "run"}
        values = {name: value for name, value in plain(prediction()).items() if name in needed}

        found = prediction_from(values)

        assert (found.phase, found.status) == (Phase.ACCEPTED, Status.STARTING)
        assert (found.polls, found.troubles, found.outputs, found.timeline) == (0, 0, {}, {})
        assert (found.wakes, found.webhook, found.proposed, found.task_token) == (0, False, None, None)
        assert found.upstream == Upstream()
        assert (found.due_at, found.due_shard) == (None, None)
        assert (found.announced, found.told_at, found.subscriber, found.deployment) == ({}, None, None, None)
