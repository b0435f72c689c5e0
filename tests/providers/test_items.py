"""GET /v1/predictions/{id}/items: whose they are, when they are there, and page after page of them."""

import json
from typing import Any

import pytest

from lumeo import aws, settings
from lumeo.keys import keys
from tests.integration.driver import Answer
from tests.providers.stage import Stage

OF_A_BATCH = pytest.mark.parametrize("name", ["anthropic"], indirect=True)


def items(stage: Stage, prediction_id: str, query: str = "", **headers: str) -> Answer:
    return stage.driver.call("GET", f"/v1/predictions/{prediction_id}/items{query}", headers=headers)


def batch(stage: Stage, rows: list[Any] | None = None) -> str:
    """The id of a batch that is over; `rows`: what its result file has instead of the fixture's lines."""
    prediction_id = stage.running("succeeded")
    stage.ended(prediction_id)
    if rows is not None:
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        record = stage.driver.record(prediction_id)
        (output,) = record.outputs.values()
        aws.s3().put_object(Bucket=settings.bucket_name(), Key=output.key, Body=content)
        shown = {"pointer": output.pointer, "key": output.key, "bytes": len(content)}
        shown |= {"sha256": output.sha256, "content_type": output.content_type}
        stage.driver.overwrite(prediction_id, outputs={"0": shown})
    return prediction_id


def row(n: int, kind: str = "succeeded") -> dict[str, Any]:
    return {"custom_id": f"item-{n}", "result": {"type": kind, "n": n}}


@OF_A_BATCH
def test_page_after_page(stage: Stage) -> None:
    rows = [row(n) for n in range(250)]
    prediction_id = batch(stage, rows)
    found, sizes, query = [], [], ""
    while True:
        answer = items(stage, prediction_id, query)
        assert answer.status == 200, answer.text
        sizes.append(len(answer.body["results"]))
        found += answer.body["results"]
        if answer.body["next"] is None:
            break
        here = f"https://lumeo.test/v1/predictions/{prediction_id}/items"
        assert answer.body["next"].startswith(f"{here}?cursor=")
        query = answer.body["next"].removeprefix(here)

    assert sizes == [100, 100, 50]
    assert [one["item"] for one in found] == rows
    assert [(one["id"], one["status"]) for one in found] == [(f"item-{n}", "succeeded") for n in range(250)]


@OF_A_BATCH
def test_how_each_ended(stage: Stage) -> None:
    prediction_id = batch(stage, [row(0), row(1, "errored"), row(2, "canceled"), row(3, "expired"), {"strange": 1}])

    said = [(one["id"], one["status"]) for one in items(stage, prediction_id).body["results"]]

    assert said == [
        ("item-0", "succeeded"),
        ("item-1", "failed"),
        ("item-2", "canceled"),
        ("item-3", "failed"),
        (None, "failed"),
    ]


@OF_A_BATCH
def test_while_it_runs(stage: Stage) -> None:
    prediction_id = stage.running(*stage.usual)

    answer = items(stage, prediction_id)

    assert (answer.status, answer.body["title"]) == (409, "Conflict")


@OF_A_BATCH
def test_anothers(stage: Stage) -> None:
    prediction_id = batch(stage)
    bob = keys().create("bob", "a test")

    assert items(stage, prediction_id).status == 200
    assert items(stage, prediction_id, Authorization=f"Bearer {bob}").status == 404


@OF_A_BATCH
def test_after_it_was_deleted(stage: Stage) -> None:
    prediction_id = batch(stage)
    stage.driver.call("DELETE", f"/v1/predictions/{prediction_id}")

    assert items(stage, prediction_id).status == 404


@pytest.mark.parametrize("cursor", ["x", "0", "9-0", "0--1", "-1-0", "0-0-0", "٣-0"])
@OF_A_BATCH
def test_cursor_that_is_none(stage: Stage, cursor: str) -> None:
    answer = items(stage, batch(stage), f"?cursor={cursor}")

    assert (answer.status, answer.body["title"]) == (400, "Invalid cursor")


@pytest.mark.parametrize("name", ["fal"], indirect=True)
def test_what_is_no_batch(stage: Stage) -> None:
    prediction_id = stage.running("succeeded")
    stage.ended(prediction_id)

    answer = items(stage, prediction_id)

    assert (answer.status, answer.body["detail"]) == (404, "This prediction has no items.")


@OF_A_BATCH
def test_list_of_a_provider(stage: Stage) -> None:
    here, there = batch(stage), stage.driver.submit("sim/one")

    def listed(query: str) -> list[str]:
        return [one["id"] for one in stage.driver.call("GET", f"/v1/predictions{query}").body["results"]]

    assert listed("?provider=anthropic") == [here]
    assert listed("?provider=replicate") == [there]
    assert listed("?provider=fal") == []


def test_what_is_replicates(driver: Any) -> None:
    prediction_id = driver.finished("sim/one")[0]["id"]

    assert driver.call("GET", f"/v1/predictions/{prediction_id}/items").status == 404
