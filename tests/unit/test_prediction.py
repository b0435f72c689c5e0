"""How a prediction may end, what a caller sees of it, and that code and contract say the same."""

import re
from dataclasses import fields
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import clock
from lumeo.errors import ErrorCode
from lumeo.prediction import (
    TRANSITIONS,
    Announced,
    Phase,
    Prediction,
    Snapshot,
    Status,
    Subscriber,
    Upstream,
    Verdict,
    asked_of,
    is_hash,
    overdue,
    verdict,
)
from lumeo.public import SENTENCES, Contents, metrics_of, public, served_status, warnings
from tests.unit.make import CODES, DEADLINE, HANDLE, JSON, NOW, prediction

CONTRACT = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")
AFTER_DEADLINE = "2026-11-21T11:00:00.001Z"
LATER = "2026-11-21T10:00:07.500Z"
HASH = "0123456789abcdef" * 4
OPTIONAL = {
    "started_at",
    "completed_at",
    "deployment",
    "rerun_of",
    "webhook",
    "webhook_events_filter",
    "webhook_deliveries",
}


def section(title: str) -> str:
    """A part of the contract, from its heading to the next."""
    return re.split(r"^#+ ", CONTRACT.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a part's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def snapshot(status: Status, **more: Any) -> Snapshot:
    return Snapshot(status=status, upstream=Upstream(status=status.value), **more)


SNAPSHOTS = st.builds(
    Snapshot, status=st.sampled_from(Status), upstream=st.just(Upstream()), output=JSON, code=st.none() | CODES
)


class TestVerdict:
    @pytest.mark.parametrize("status", [Status.STARTING, Status.PROCESSING])
    def test_none_while_it_runs(self, status: Status) -> None:
        assert verdict(prediction(Phase.RUNNING), snapshot(status), NOW) is None

    @pytest.mark.parametrize(
        ("seen", "status", "code"),
        [
            pytest.param(snapshot(Status.SUCCEEDED, output=["x"]), Status.SUCCEEDED, None, id="succeeded"),
            pytest.param(snapshot(Status.SUCCEEDED, output=""), Status.SUCCEEDED, None, id="empty text"),
            pytest.param(snapshot(Status.SUCCEEDED, output={}), Status.SUCCEEDED, None, id="empty object"),
            pytest.param(snapshot(Status.SUCCEEDED, output=False), Status.SUCCEEDED, None, id="false"),
            pytest.param(snapshot(Status.SUCCEEDED, output=0), Status.SUCCEEDED, None, id="zero"),
            pytest.param(snapshot(Status.SUCCEEDED, output=[None]), Status.SUCCEEDED, None, id="list of null"),
            pytest.param(snapshot(Status.SUCCEEDED), Status.FAILED, ErrorCode.EMPTY_OUTPUT, id="no output"),
            pytest.param(snapshot(Status.SUCCEEDED, output=[]), Status.FAILED, ErrorCode.EMPTY_OUTPUT, id="empty list"),
            pytest.param(
                snapshot(Status.SUCCEEDED, removed=True), Status.FAILED, ErrorCode.OUTPUT_EXPIRED, id="data removed"
            ),
            pytest.param(
                snapshot(Status.FAILED, code=ErrorCode.CONTENT_REJECTED),
                Status.FAILED,
                ErrorCode.CONTENT_REJECTED,
                id="failed with a class",
            ),
            pytest.param(
                snapshot(Status.FAILED), Status.FAILED, ErrorCode.GENERATION_FAILED, id="failed without a class"
            ),
            pytest.param(
                snapshot(Status.FAILED, output=["half"]),
                Status.FAILED,
                ErrorCode.GENERATION_FAILED,
                id="failed with an output",
            ),
            pytest.param(snapshot(Status.CANCELED), Status.CANCELED, None, id="canceled"),
            pytest.param(snapshot(Status.ABORTED), Status.ABORTED, ErrorCode.DEADLINE_EXCEEDED, id="aborted"),
        ],
    )
    def test_how_it_ended(self, seen: Snapshot, status: Status, code: ErrorCode | None) -> None:
        assert verdict(prediction(Phase.RUNNING), seen, NOW) == Verdict(status, NOW, code)

    @pytest.mark.parametrize(
        ("changes", "now", "status", "code"),
        [
            pytest.param({}, NOW, Status.CANCELED, None, id="long before the deadline"),
            pytest.param({}, "2026-11-21T10:59:54.999Z", Status.CANCELED, None, id="well before the deadline"),
            pytest.param(
                {},
                "2026-11-21T10:59:55.000Z",
                Status.FAILED,
                ErrorCode.DEADLINE_EXCEEDED,
                id="shortly before the deadline, by the provider's clock",
            ),
            pytest.param({}, DEADLINE, Status.FAILED, ErrorCode.DEADLINE_EXCEEDED, id="at our deadline"),
            pytest.param({}, AFTER_DEADLINE, Status.FAILED, ErrorCode.DEADLINE_EXCEEDED, id="after our deadline"),
            pytest.param(
                {"deadline_by": "caller"},
                AFTER_DEADLINE,
                Status.CANCELED,
                ErrorCode.DEADLINE_EXCEEDED,
                id="after the caller's deadline",
            ),
            pytest.param(
                {"cancel_requested": NOW},
                AFTER_DEADLINE,
                Status.CANCELED,
                None,
                id="asked for, seen after the deadline",
            ),
        ],
    )
    def test_whose_cancel_it_was(
        self, changes: dict[str, Any], now: str, status: Status, code: ErrorCode | None
    ) -> None:
        found = verdict(prediction(Phase.RUNNING, **changes), snapshot(Status.CANCELED), now)

        assert found == Verdict(status, now, code)

    @pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
    def test_an_end_counts_after_the_deadline(self, status: Status) -> None:
        """Paid for and there: the last look after the deadline still brings it."""
        found = verdict(prediction(Phase.RUNNING), snapshot(status, output=["x"]), AFTER_DEADLINE)

        assert found is not None
        assert found.status is status
        assert found.code is not ErrorCode.DEADLINE_EXCEEDED

    @given(SNAPSHOTS)
    def test_a_failure_always_has_a_code(self, seen: Snapshot) -> None:
        found = verdict(prediction(Phase.RUNNING), seen, NOW)

        assert (found is None) is not seen.status.terminal
        assert found is None or found.status.terminal
        assert found is None or (found.status is Status.FAILED) <= (found.code is not None)
        assert found is None or (found.status is Status.SUCCEEDED) <= (found.code is None)


@pytest.mark.parametrize(
    ("by", "status"),
    [
        pytest.param("caller", Status.CANCELED, id="the caller's"),
        pytest.param("default", Status.FAILED, id="ours"),
    ],
)
def test_overdue_is_whose_deadline_it_was(by: str, status: Status) -> None:
    found = overdue(prediction(Phase.RUNNING, deadline_by=by), AFTER_DEADLINE)

    assert found == Verdict(status, AFTER_DEADLINE, ErrorCode.DEADLINE_EXCEEDED)


@pytest.mark.parametrize(
    ("status", "terminal"),
    [
        (Status.STARTING, False),
        (Status.PROCESSING, False),
        (Status.SUCCEEDED, True),
        (Status.FAILED, True),
        (Status.CANCELED, True),
        (Status.ABORTED, True),
    ],
)
def test_terminal_statuses(status: Status, *, terminal: bool) -> None:
    assert status.terminal is terminal


@pytest.mark.parametrize(
    ("shown", "served"),
    [
        pytest.param(prediction(), "starting", id="accepted"),
        pytest.param(prediction(Phase.SENDING), "starting", id="sending"),
        pytest.param(prediction(Phase.RUNNING, status=Status.STARTING), "starting", id="running, not begun"),
        pytest.param(prediction(Phase.RUNNING), "processing", id="running, begun"),
        pytest.param(prediction(Phase.SETTLED), "processing", id="settled, outputs on their way"),
        pytest.param(
            prediction(Phase.SETTLED, status=Status.STARTING), "processing", id="settled before it was seen to begin"
        ),
        pytest.param(prediction(Phase.SETTLED, handle=None), "starting", id="settled, never ran"),
        pytest.param(prediction(Phase.DONE), "succeeded", id="succeeded"),
        pytest.param(prediction(Phase.DONE, status=Status.FAILED), "failed", id="failed"),
        pytest.param(prediction(Phase.DONE, status=Status.CANCELED), "canceled", id="canceled"),
        pytest.param(prediction(Phase.DONE, status=Status.ABORTED), "canceled", id="aborted"),
    ],
)
def test_served_status(shown: Prediction, served: str) -> None:
    assert served_status(shown) == served


EVERY_STATE = [
    pytest.param(phase, status, id=f"{phase}, {status}")
    for phase, status in product(Phase, Status)
    if status.terminal is (phase is Phase.DONE)
]


class TestPublic:
    @pytest.mark.parametrize(("phase", "status"), EVERY_STATE)
    def test_required_fields_are_there(self, phase: Phase, status: Status) -> None:
        """What Replicate's specification marks as required, and the official clients read."""
        body = public(prediction(phase, status=status), Contents(input={"prompt": "a corgi"}))

        assert all(isinstance(body[name], str) and body[name] for name in ("id", "model", "version", "status"))
        assert body["input"] == {"prompt": "a corgi"}
        assert body["output"] is None
        assert body["error"] is None
        assert body["data_removed"] is False
        assert clock.parse(body["created_at"]).utcoffset() == timedelta(0)
        assert all(body["urls"][name].startswith("https://lumeo.test/") for name in ("web", "get", "cancel"))

    @pytest.mark.parametrize(("phase", "status"), EVERY_STATE)
    def test_status_is_one_that_clients_know(self, phase: Phase, status: Status) -> None:
        body = public(prediction(phase, status=status), Contents(input={}))

        assert body["status"] in {"starting", "processing", "succeeded", "failed", "canceled"}
        assert (body["status"] in {"succeeded", "failed", "canceled"}) is (phase is Phase.DONE)

    @pytest.mark.parametrize(("phase", "status"), EVERY_STATE)
    def test_all_fields_have_their_types(self, phase: Phase, status: Status) -> None:
        body = public(prediction(phase, status=status), Contents(input={}))

        assert body.keys() - OPTIONAL == {
            *("id", "model", "version", "input", "output", "logs", "error", "error_code", "warnings", "status"),
            *("provider", "source", "data_removed", "created_at", "deadline", "metrics", "urls", "timeline"),
        }
        assert isinstance(body["logs"], str)
        assert isinstance(body["metrics"], dict)
        assert isinstance(body["warnings"], list)
        assert body["source"] == "api"
        assert clock.parse(body["deadline"])
        assert ("completed_at" in body) is (phase is Phase.DONE)

    def test_what_is_not_known_is_not_in_it(self) -> None:
        """Null is not what official clients expect of what is optional."""
        assert not OPTIONAL & public(prediction(), Contents(input={})).keys()

    def test_what_is_known_is_in_it(self) -> None:
        known = prediction(
            Phase.DONE,
            timeline={"accepted": NOW, "started": NOW, "completed": LATER, "saved": LATER},
            deployment="acme/fast",
            rerun_of="0" * 26,
            subscriber=Subscriber("https://hooks.example/x", ("start", "completed")),
            announced={"completed": Announced(attempts=1, first_at=NOW, last_at=NOW)},
        )

        body = public(known, Contents(input={}))

        assert {name: body[name] for name in OPTIONAL - {"webhook_deliveries"}} == {
            "started_at": NOW,
            "completed_at": NOW,
            "deployment": "acme/fast",
            "rerun_of": "0" * 26,
            "webhook": "https://hooks.example/x",
            "webhook_events_filter": ["start", "completed"],
        }

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            pytest.param({}, {}, id="under way"),
            pytest.param({"status": 500}, {"status": 500}, id="refused"),
            pytest.param({"error": "timeout", "n": 7}, {"error": "timeout"}, id="not reached"),
            pytest.param(
                {"status": 200, "delivered_at": LATER}, {"status": 200, "delivered_at": LATER}, id="delivered"
            ),
        ],
    )
    def test_attempts_to_tell_its_caller_are_shown(self, said: dict[str, Any], shown: dict[str, Any]) -> None:
        tried = Announced(attempts=2, first_at=NOW, last_at=LATER, **said)

        body = public(prediction(Phase.DONE, announced={"logs": tried, "completed": tried}), Contents(input={}))

        one = {"attempts": 2, "last_at": LATER, **shown}
        assert body["webhook_deliveries"] == {"logs": one, "completed": one}

    def test_what_was_deleted_says_so(self) -> None:
        body = public(prediction(Phase.DONE, removed_at=LATER), Contents(input={}))

        assert body["data_removed"] is True
        assert LATER not in str(body)

    @pytest.mark.parametrize("code", ErrorCode)
    def test_an_error_is_our_own_sentence(self, code: ErrorCode) -> None:
        body = public(prediction(Phase.DONE, status=Status.FAILED, error_code=code), Contents(input={}))

        assert body["error_code"] == code.value
        assert body["error"] == SENTENCES[code]

    def test_urls_are_built_from_the_records_origin(self) -> None:
        shown = prediction(base_url="https://other.test")

        assert public(shown, Contents(input={}))["urls"] == {
            "get": f"https://other.test/v1/predictions/{shown.id}",
            "cancel": f"https://other.test/v1/predictions/{shown.id}/cancel",
            "web": f"https://other.test/p/{shown.id}",
        }

    @pytest.mark.parametrize(
        ("asked", "upstream", "model", "version"),
        [
            pytest.param({"model": "acme/fast"}, Upstream(), "acme/fast", "hidden", id="model alone"),
            pytest.param(
                {"model": "acme/fast"},
                Upstream(model="acme/internal", version="39ed"),
                "acme/fast",
                "39ed",
                id="model, run under another name",
            ),
            pytest.param({"version": "39ed"}, Upstream(), "", "39ed", id="hash, not sent yet"),
            pytest.param(
                {"version": "39ed"},
                Upstream(model="acme/fast", version="39ed"),
                "acme/fast",
                "39ed",
                id="hash, running",
            ),
            pytest.param({"version": "acme/fast"}, Upstream(), "acme/fast", "hidden", id="official model as version"),
            pytest.param({"version": "acme/fast:39ed"}, Upstream(), "acme/fast", "39ed", id="model and hash"),
            pytest.param(
                {"version": "acme/fast"}, Upstream(version="d-1"), "acme/fast", "d-1", id="official, version known"
            ),
        ],
    )
    def test_what_ran_is_named(self, asked: dict[str, str], upstream: Upstream, model: str, version: str) -> None:
        named: dict[str, Any] = {"model": None, "version": None, "upstream": upstream} | asked

        body = public(prediction(**named), Contents(input={}))

        assert (body["model"], body["version"]) == (model, version)

    @given(st.text(max_size=300))
    def test_any_version_is_shown_as_text(self, version: str) -> None:
        body = public(prediction(model=None, version=version), Contents(input={}))

        assert isinstance(body["model"], str)
        assert isinstance(body["version"], str)
        assert body["version"]

    def test_nothing_of_the_provider_is_shown(self) -> None:
        """Neither its id nor its account's name: a handle is ours alone."""
        body = public(prediction(Phase.RUNNING), Contents(input={}))

        assert HANDLE.id not in str(body)
        assert HANDLE.credential not in body.values()

    def test_contents_are_shown_as_they_are(self) -> None:
        contents = Contents(input={"a": 1.0}, output=["x", None], logs="line\n", metrics={"predict_time": 3.366505})

        body = public(prediction(Phase.RUNNING), contents)

        assert (body["input"], body["output"]) == ({"a": 1.0}, ["x", None])
        assert (body["logs"], body["metrics"]) == ("line\n", {"predict_time": 3.366505})


RAN = {"accepted": NOW, "started": "2026-11-21T10:00:02.000Z", "completed": LATER}


class TestMetrics:
    @pytest.mark.parametrize(
        ("timeline", "given_metrics", "expected"),
        [
            pytest.param(RAN, {}, {"predict_time": 5.5, "total_time": 10.0}, id="ours, where the provider says none"),
            pytest.param(
                RAN,
                {"predict_time": 5.25},
                {"predict_time": 5.25, "total_time": 10.0},
                id="the provider's where it does",
            ),
            pytest.param(
                RAN, {"predict_time": 0}, {"predict_time": 0, "total_time": 10.0}, id="the provider's, though it is 0"
            ),
            pytest.param(RAN, {"predict_time": None}, {"predict_time": 5.5, "total_time": 10.0}, id="null is none"),
            pytest.param(RAN, {"predict_time": "5"}, {"predict_time": 5.5, "total_time": 10.0}, id="text is none"),
            pytest.param(
                RAN,
                {"total_time": 99.0, "tokens": 7},
                {"predict_time": 5.5, "total_time": 10.0, "tokens": 7},
                id="the whole time is ours",
            ),
            pytest.param(
                {"accepted": NOW, "completed": LATER}, {}, {"total_time": 10.0}, id="what never ran took no time"
            ),
            pytest.param(
                {**RAN, "started": "2026-11-21T10:00:09.000Z"},
                {},
                {"predict_time": 0.0, "total_time": 10.0},
                id="clocks that differ make no negative time",
            ),
        ],
    )
    def test_of_what_is_over(
        self, timeline: dict[str, str], given_metrics: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        done = prediction(Phase.DONE, timeline=timeline, completed_at="2026-11-21T10:00:10.000Z")

        assert metrics_of(done, given_metrics) == expected

    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.DONE])
    @pytest.mark.parametrize("said", [{}, {"predict_time": 1.5}])
    def test_of_what_is_not_are_the_providers(self, phase: Phase, said: dict[str, Any]) -> None:
        assert metrics_of(prediction(phase, timeline=RAN), said) == said


class TestWarnings:
    @pytest.mark.parametrize(
        ("asked", "pinned"),
        [
            pytest.param({"model": "acme/fast", "latest": HASH}, f"acme/fast:{HASH}", id="a name"),
            pytest.param({"version": "acme/fast", "latest": HASH}, f"acme/fast:{HASH}", id="a name as version"),
            pytest.param(
                {"model": "acme/fast", "latest": "0" * 64, "upstream": Upstream(version=HASH)},
                f"acme/fast:{HASH}",
                id="what ran, and not what was expected",
            ),
            pytest.param(
                {"model": "acme/fast", "upstream": Upstream(model="acme/internal", version=HASH)},
                f"acme/fast:{HASH}",
                id="by the name that was asked for",
            ),
        ],
    )
    def test_one_that_was_not_pinned_says_what_to_write(self, asked: dict[str, Any], pinned: str) -> None:
        named: dict[str, Any] = {"model": None} | asked

        assert warnings(prediction(**named)) == [
            {
                "code": "unpinned_version",
                "detail": f"No version was named. To run this one again, write {pinned}",
            }
        ]

    @pytest.mark.parametrize(
        "asked",
        [
            pytest.param({"version": HASH}, id="a hash"),
            pytest.param({"version": f"acme/fast:{HASH}"}, id="a name and a hash"),
            pytest.param({"model": "acme/fast"}, id="nobody knows which one it is"),
            pytest.param({"model": "acme/fast", "latest": "hidden"}, id="there is none"),
            pytest.param({"model": "acme/fast", "upstream": Upstream(version="hidden")}, id="none ran"),
            pytest.param({"model": "lumeo/portrait", "version": f"acme/fast:{HASH}"}, id="of the catalogue"),
            pytest.param({"model": "lumeo/fast", "version": "acme/fast", "latest": HASH}, id="of it, without a hash"),
            pytest.param({"deployment": "acme/fast", "upstream": Upstream(version=HASH)}, id="a deployment"),
        ],
    )
    def test_others_say_nothing(self, asked: dict[str, Any]) -> None:
        named: dict[str, Any] = {"model": None} | asked

        assert warnings(prediction(**named)) == []

    def test_what_they_say_to_write_is_taken(self) -> None:
        """By the one who reads versions."""
        (warning,) = warnings(prediction(model="acme/fast", latest=HASH))
        written = warning["detail"].rpartition(" ")[2]

        assert warnings(prediction(model=None, version=written, upstream=Upstream(version=HASH))) == []
        assert asked_of(prediction(model=None, version=written)) == ("acme/fast", HASH)


class TestAskedOf:
    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            pytest.param({"model": "acme/fast"}, ("acme/fast", None), id="a model"),
            pytest.param({"version": "acme/fast"}, ("acme/fast", None), id="a model as version"),
            pytest.param({"version": f"acme/fast:{HASH}"}, ("acme/fast", HASH), id="a model and a hash"),
            pytest.param({"version": HASH}, (None, HASH), id="a hash"),
            pytest.param({"version": "main"}, (None, "main"), id="a word"),
            pytest.param(
                {"model": "lumeo/portrait", "version": f"acme/fast:{HASH}"}, ("acme/fast", HASH), id="of the catalogue"
            ),
            pytest.param(
                {"model": "lumeo/portrait", "version": "acme/fast"}, ("acme/fast", None), id="of it, without a hash"
            ),
            pytest.param({"deployment": "acme/fast"}, (None, None), id="a deployment"),
        ],
    )
    def test_are_the_providers_words(self, asked: dict[str, Any], found: tuple[str | None, str | None]) -> None:
        named: dict[str, Any] = {"model": None} | asked

        assert asked_of(prediction(**named)) == found

    @pytest.mark.parametrize(
        ("text", "is_one"),
        [
            (HASH, True),
            (HASH[1:], False),
            (HASH + "0", False),
            (HASH.upper(), False),
            ("", False),
            (HASH + "\n", False),
        ],
    )
    def test_a_hash_has_64_digits(self, text: str, is_one: bool) -> None:  # noqa: FBT001 (a table's row)
        assert is_hash(text) is is_one


class TestSentences:
    def test_every_code_has_one(self) -> None:
        assert set(SENTENCES) == set(ErrorCode)

    @pytest.mark.parametrize("code", ErrorCode)
    def test_each_is_a_sentence(self, code: ErrorCode) -> None:
        assert re.fullmatch(r"[A-Z][^\n]*\.", SENTENCES[code])

    @pytest.mark.parametrize("code", ErrorCode)
    def test_none_tells_of_money_or_code(self, code: ErrorCode) -> None:
        """End users read them: an owner's account, or a trace, is none of their business."""
        private = r"balance|credit|billing|payment|purchase|spend|token|traceback|exception|replicate|aws|lambda|http"

        assert not re.search(private, SENTENCES[code], re.IGNORECASE)

    def test_no_two_are_the_same(self) -> None:
        assert len(set(SENTENCES.values())) == len(SENTENCES)


class TestContract:
    def test_phases_are_the_contracts(self) -> None:
        assert [name.strip("`") for name, *_ in rows("Phases")] == [phase.value for phase in Phase]

    def test_every_phase_has_its_steps(self) -> None:
        assert set(TRANSITIONS) == set(Phase)

    def test_steps_are_those_of_its_writes(self) -> None:
        """`phase = a` in a write's condition and `phase = b` in what it sets are a step from a to b."""
        written = set()
        for write, _, condition, sets in rows("Writes"):
            target = re.search(r"`phase = (\w+)`", sets)
            if not target:
                continue
            origins = re.findall(r"`phase = (\w+)`", condition)
            if write == "settle":  # no verdict, whatever the phase
                origins = ["accepted", "sending", "running"]
            if write == "withdraw":  # what the provider has said of needs a handle
                origins.append("running")
            written |= {(Phase(origin), Phase(target[1])) for origin in origins}

        assert written == {(before, after) for before, steps in TRANSITIONS.items() for after in steps}

    def test_attributes_are_the_contracts(self) -> None:
        named = {name for cell, *_ in rows("A prediction") for name in re.findall(r"`(\w+)`", cell)}

        assert {field.name for field in fields(Prediction)} == named

    def test_statuses_are_replicates(self) -> None:
        assert {status.value for status in Status} == {
            "starting",
            "processing",
            "succeeded",
            "failed",
            "canceled",
            "aborted",
        }
