"""GET /v1/predictions, narrowed: by when they were made, by status, by model."""

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from lumeo import aws, clock, ids, settings
from lumeo.errors import ErrorCode
from lumeo.items import pack, plain
from lumeo.prediction import Phase, Prediction, Status
from tests.integration.driver import Answer, Driver

AT_ONCE = 25
"""Items that one BatchWriteItem takes."""
WRONG = [
    ("status", "done"),
    ("status", "aborted"),
    ("status", ""),
    ("created_after", "yesterday"),
    ("created_after", "2026-11-21T10:00:00"),
    ("created_before", "2026-13-01T00:00:00Z"),
    ("created_before", "0001-01-01T00:00:00+14:00"),
    ("created_before", ""),
]
START = "2026-11-21T10:00:00.000Z"


def fill(driver: Driver, like: Prediction, each: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids of predictions that were made a second after one another, oldest first, each with these values."""
    made = []
    for values in each:
        driver.clock.passes(1)
        new, now = ids.new(), clock.stamp()
        made.append(dataclasses.replace(like, id=new, created_at=now, run=new, outputs_id=new, **values))
    for first in range(0, len(made), AT_ONCE):
        items = [pack({"pk": f"prediction#{one.id}", **plain(one)}) for one in made[first : first + AT_ONCE]]
        puts: Any = [{"PutRequest": {"Item": item}} for item in items]
        aws.dynamodb().batch_write_item(RequestItems={settings.table_name(): puts})
    return [one.id for one in made]


def listed(driver: Driver, **query: str) -> Answer:
    return driver.call("GET", f"/v1/predictions?{urlencode(query)}")


def found(driver: Driver, **query: str) -> list[str]:
    answer = listed(driver, **query)
    assert answer.status == 200, answer.text
    return [shown["id"] for shown in answer.body["results"]]


def walk(driver: Driver, url: str | None, to: str = "next") -> list[list[str]]:
    """The ids of every page from one on, as a client follows them."""
    pages = []
    while url:
        parts = urlsplit(url)
        answer = driver.call("GET", f"{parts.path}?{parts.query}")
        assert answer.status == 200, answer.text
        pages.append([shown["id"] for shown in answer.body["results"]])
        url = answer.body[to]
    return pages


def test_made_after_and_before_a_moment(driver: Driver) -> None:
    """After: that moment too. Before: without it. Whatever zone it is said in, and however finely."""
    first, second, third = (driver.submit("sim/instant"), *fill_two(driver))
    assert found(driver, created_after="2026-11-21T10:00:01Z") == [third, second]
    assert found(driver, created_before="2026-11-21T10:00:01Z") == [first]
    assert found(driver, created_after="2026-11-21T12:00:01+02:00") == [third, second]
    assert found(driver, created_after="2026-11-21T10:00:01.000001Z") == [third]
    assert found(driver, created_before="2026-11-21T10:00:01.000001Z") == [second, first]
    assert found(driver, created_after="2026-11-21T10:00:01Z", created_before="2026-11-21T10:00:02Z") == [second]
    assert found(driver, created_after="2026-11-21T10:00:02Z", created_before="2026-11-21T10:00:02Z") == []
    assert found(driver, created_after="2026-11-21T10:00:02Z", created_before="2026-11-21T10:00:00Z") == []
    assert found(driver, created_after="0001-01-01T00:00:00Z", created_before="9999-12-31T23:59:59Z") == [
        third,
        second,
        first,
    ]
    # As clients send it that forget to escape a plus.
    unescaped = driver.call("GET", "/v1/predictions?created_after=2026-11-21T12:00:01+02:00")
    assert [shown["id"] for shown in unescaped.body["results"]] == [third, second]


def fill_two(driver: Driver) -> tuple[str, str]:
    driver.clock.passes(1)
    second = driver.submit("sim/instant")
    driver.clock.passes(1)
    return second, driver.submit("sim/instant")


def test_by_status(driver: Driver) -> None:
    """As it is served: one that is being stored is processing, one that the provider aborted canceled."""
    like = driver.record(driver.submit("sim/instant"))
    starting = [like.id]
    done = {"phase": Phase.DONE, "completed_at": "2026-11-21T10:01:00.000Z"}
    ends: dict[Status, ErrorCode | None] = dict.fromkeys((Status.SUCCEEDED, Status.FAILED, Status.CANCELED))
    ends |= {Status.FAILED: ErrorCode.GENERATION_FAILED, Status.ABORTED: ErrorCode.DEADLINE_EXCEEDED}
    each = [{"status": status, "error_code": code, **done} for status, code in ends.items()]
    succeeded, failed, canceled, aborted = fill(driver, like, each)
    saving = driver.settled("sim/instant")

    assert found(driver, status="starting") == starting
    assert found(driver, status="processing") == [saving]
    assert found(driver, status="succeeded") == [succeeded]
    assert found(driver, status="failed") == [failed]
    assert found(driver, status="canceled") == [aborted, canceled]


def test_by_model(driver: Driver) -> None:
    """However it was named: by the path, in a version, or by the provider alone."""
    by_path = driver.submit("sim/one")
    driver.clock.passes(1)
    version = driver.call("POST", "/v1/predictions", {"version": "sim/one", "input": {}}).body["id"]
    driver.clock.passes(1)
    hashed = driver.call("POST", "/v1/predictions", {"version": f"sim/one:{'0' * 64}", "input": {}}).body["id"]
    driver.clock.passes(1)
    other = driver.submit("sim/text")

    assert found(driver, model="sim/one") == [hashed, version, by_path]
    assert found(driver, model="sim/text") == [other]
    assert found(driver, model="sim/text", status="succeeded") == []
    assert found(driver, model="SIM/text") == found(driver, model="sim") == found(driver, model="") == []


def test_filters_go_along_from_page_to_page(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """There and back: nothing twice, nothing left out, and nothing else between."""
    monkeypatch.setattr("lumeo.listing.PAGE", 10)
    like = driver.record(driver.submit("sim/instant"))
    made = fill(driver, like, [{"model": "sim/text"} if n % 2 else {} for n in range(30)])
    wanted = made[1:25:2]
    before = clock.later(25.5, like.created_at)
    pages = walk(driver, f"https://x/v1/predictions?{urlencode({'model': 'sim/text', 'created_before': before})}")

    assert [one for page in pages for one in page] == wanted[::-1]
    assert [len(page) for page in pages] == [10, 2]
    first = listed(driver, model="sim/text", created_before=before).body
    second = driver.call("GET", _path(first["next"])).body
    back = walk(driver, second["previous"], "previous")
    assert back[0] == pages[0]
    assert [one for page in back for one in page] == pages[0]


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_page_of_what_is_rare(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page reads so many at most: it may be empty, and still there is another."""
    monkeypatch.setattr("lumeo.pages.MOST_READ", 200)
    like = driver.record(driver.submit("sim/text"))
    fill(driver, like, [{"model": "sim/instant"}] * 200)
    pages = walk(driver, "https://x/v1/predictions?model=sim%2Ftext")

    assert pages == [[], [like.id]]


def test_where_nothing_is_found_there_is_no_further_page(driver: Driver) -> None:
    driver.submit("sim/text")

    assert listed(driver, model="sim/none").body == {"previous": None, "next": None, "results": []}
    assert listed(driver, created_before=START).body["next"] is None


def test_what_was_made_on_the_web(driver: Driver) -> None:
    """Nothing was."""
    driver.submit("sim/text")

    assert found(driver, source="web") == []
    assert listed(driver, source="mars").status == 400


def test_filter_that_is_none(driver: Driver) -> None:
    for name, value in WRONG:
        answer = listed(driver, **{name: value})

        assert answer.status == 400, value
        assert name in answer.body["detail"]


def test_filters_beside_a_cursor_mean_nothing(driver: Driver) -> None:
    """Clients repeat their own beside the address that they were given; whatever they say, the cursor knows."""
    oldest = driver.record(driver.submit("sim/instant"))
    fill(driver, oldest, [{}] * 100)
    first = listed(driver).body
    for more in ("status=succeeded", "created_after=2026-12-01T00:00:00Z", "model=x", "source=web"):
        answer = driver.call("GET", f"{_path(first['next'])}&{more}")
        assert (answer.status, [shown["id"] for shown in answer.body["results"]]) == (200, [oldest.id]), more


def forged(cursor: str, change: Callable[[list[Any]], Any]) -> str:
    """A cursor as somebody may write it who has read one."""
    parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    change(parts)
    return quote(base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("="))


FORGERIES: dict[str, Callable[[list[Any]], Any]] = {
    "a model that is no text": lambda parts: parts[4].update(model={}),
    "a list of models": lambda parts: parts[4].update(model=["sim/one"]),
    "a number for a model": lambda parts: parts[4].update(model=5),
    "a status that is no text": lambda parts: parts[4].update(status={}),
    "a moment that is no text": lambda parts: parts[4].update(created_after=5),
    "a moment that is none": lambda parts: parts[4].update(created_before="x"),
    "filters that are none": lambda parts: parts.__setitem__(4, "x"),
    "a list of filters": lambda parts: parts.__setitem__(4, []),
    "no filters": lambda parts: parts.pop(),
    "a place outside": lambda parts: parts[4].update(created_before=START),
    "an id that is none": lambda parts: parts.__setitem__(1, ["x"]),
    "a direction that is none": lambda parts: parts.__setitem__(3, 1),
    "another moment": lambda parts: parts.__setitem__(2, "2026-11-21"),
    "a moment of long ago": lambda parts: parts.__setitem__(2, "0001-01-01T00:00:00.000Z"),
    "another caller": lambda parts: parts.__setitem__(0, "0" * 16),
}


def test_cursor_that_somebody_wrote(driver: Driver) -> None:
    """Refused, or taken for a place in the caller's own list; never an error of ours, never another's list."""
    fill(driver, driver.record(driver.submit("sim/instant")), [{}] * 100)
    cursor = urlsplit(listed(driver).body["next"]).query.removeprefix("cursor=")
    for what, change in FORGERIES.items():
        answer = driver.call("GET", f"/v1/predictions?cursor={forged(cursor, change)}")

        assert answer.status == (200 if what == "a moment of long ago" else 400), what
    assert driver.call("GET", f"/v1/predictions?cursor={forged(cursor, list)}").status == 200


def test_what_is_narrowed_asks_no_provider(driver: Driver) -> None:
    driver.running("sim/one")
    before = driver.calls()
    found(driver, status="starting", model="sim/one", created_after=START)

    assert driver.calls() == before
