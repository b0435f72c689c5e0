"""DELETE /v1/predictions/{id}: nothing of what was asked or made is left, but that there was one."""

from collections.abc import Callable
from typing import Any

import pytest

from lumeo import aws, clock, settings
from lumeo.errors import Unswept
from lumeo.prediction import Phase, Prediction
from tests.conftest import client
from tests.integration.driver import PICTURE, Answer, Driver
from tests.integration.dying import answered, dying
from tests.integration.meeting import before
from tests.integration.subscriber import Subscriber

WORD = "of-a-corgi-that-nobody-should-see"
KEPT = {
    "id",
    "model",
    "version",
    "status",
    "error",
    "error_code",
    "metrics",
    "created_at",
    "started_at",
    "completed_at",
    "deadline",
    "urls",
    "warnings",
    "source",
}
"""What a caller reads before and after."""


def delete(driver: Driver, prediction_id: str) -> Answer:
    return driver.call("DELETE", f"/v1/predictions/{prediction_id}")


def stored(driver: Driver) -> list[str]:
    """Every key of what is in the bucket, but of what describes models."""
    return [key for key in driver.stored_keys("") if not key.startswith("models/")]


def item(prediction_id: str) -> Any:
    key = {"pk": {"S": f"prediction#{prediction_id}"}}
    return aws.dynamodb().get_item(TableName=settings.table_name(), Key=key)["Item"]


def invalidated() -> list[str]:
    """What the CDN was told to forget, in order."""
    cdn, distribution = client("cloudfront"), settings.distribution_id()
    summaries = cdn.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
    found = [cdn.get_invalidation(DistributionId=distribution, Id=one["Id"])["Invalidation"] for one in summaries]
    return [path for one in found[::-1] for path in one["InvalidationBatch"]["Paths"]["Items"]]


def urls_of(record: Prediction) -> list[str]:
    """Its files as the CDN knows them."""
    return sorted(f"/{output.key}" for output in record.outputs.values())


def test_leaves_a_tombstone(driver: Driver) -> None:
    """In the record, in the bucket and in the CDN; that there was one, and how it ended, stays."""
    given = {"prompt": WORD, "output": ["$png", "$bytes:100", WORD], "logs": WORD * 2000, "processing": 5}
    shown_before, record = driver.finished("sim/script", given)
    assert len(stored(driver)) >= 3
    answer = delete(driver, record.id)
    assert (answer.status, answer.text) == (204, "")
    shown = driver.read(record.id)

    assert (shown["data_removed"], shown["input"], shown["output"], shown["logs"]) == (True, {}, None, "")
    assert {name: shown[name] for name in KEPT} == {name: shown_before[name] for name in KEPT}
    assert driver.call("GET", "/v1/predictions").body["results"] == [shown]
    assert stored(driver) == []
    assert WORD not in str(item(record.id))
    assert driver.simulator_url not in str(item(record.id))
    assert invalidated() == urls_of(record)


@pytest.mark.parametrize("model", ["sim/text", "sim/tokens", "sim/data", "sim/nested", "sim/traceback", "sim/nsfw"])
def test_whatever_it_made(driver: Driver, model: str) -> None:
    """Texts, files, and the provider's own words for its operator."""
    _, record = driver.finished(model, {"prompt": WORD, "processing": 5})
    assert delete(driver, record.id).status == 204
    shown, now = driver.read(record.id), driver.record(record.id)

    assert (shown["status"], shown["output"]) == (record.status, None)
    assert [getattr(now, name) for name in ("result", "raw_error", "raw_logs", "logs", "partial", "output")] == [
        None
    ] * 6
    assert WORD not in str(item(record.id))
    swept(driver, 1200)
    assert dict(driver.record(record.id).outputs) == {}


def test_output_that_is_a_file_itself(driver: Driver) -> None:
    """Large texts and large inputs lie in the bucket."""
    prediction_id = driver.submit("sim/instant", {"prompt": WORD * 5000})
    driver.step("Create", prediction_id)
    upstream = {"id": driver.upstream().id, "status": "succeeded", "output": [WORD * 100_000], "logs": WORD * 3000}
    driver.fault("get", "status", status=200, body=upstream, times=-1)
    driver.run(prediction_id, "Status")
    assert {key.partition("/")[0] for key in stored(driver)} == {"outputs", "records"}
    assert delete(driver, prediction_id).status == 204

    assert stored(driver) == []


def test_canceled_one(driver: Driver) -> None:
    """Nothing had been sent: there is only its input."""
    prediction_id = driver.submit("sim/one", {"prompt": WORD * 2000})
    driver.cancel(prediction_id)
    assert delete(driver, prediction_id).status == 204

    assert (stored(driver), driver.read(prediction_id)["status"]) == ([], "canceled")


def sending(driver: Driver) -> str:
    """One whose submission's answer was lost."""
    prediction_id = driver.submit("sim/one")
    driver.fault("create", "drop_after")
    driver.step("Create", prediction_id)
    return prediction_id


UNDER_WAY: dict[str, Callable[[Driver], str]] = {
    "accepted": lambda driver: driver.submit("sim/one"),
    "sending": sending,
    "running": lambda driver: driver.running("sim/stuck"),
    "settled": lambda driver: driver.settled("sim/one"),
}


@pytest.mark.parametrize("phase", UNDER_WAY)
def test_while_it_is_under_way(driver: Driver, phase: str) -> None:
    """It has to be over: nothing changes, and it comes to its end."""
    prediction_id = UNDER_WAY[phase](driver)
    record = driver.record(prediction_id)
    assert record.phase == phase
    answer = delete(driver, prediction_id)

    assert (answer.status, answer.body["title"]) == (409, "Conflict")
    assert driver.record(prediction_id) == record
    assert invalidated() == []
    driver.cancel(prediction_id)
    driver.run(prediction_id)
    assert delete(driver, prediction_id).status == 204


def test_twice(driver: Driver) -> None:
    """Who lost the answer asks again; when it was taken away stays."""
    _, record = driver.finished("sim/one")
    assert delete(driver, record.id).status == 204
    first, now = driver.record(record.id), clock.stamp()
    driver.clock.passes(100)
    assert delete(driver, record.id).status == 204

    assert driver.record(record.id).removed_at == first.removed_at == now
    assert driver.read(record.id)["data_removed"] is True


def test_other_predictions_stay(driver: Driver) -> None:
    others = [driver.finished("sim/one")[1] for _ in range(2)]
    _, record = driver.finished("sim/one")
    delete(driver, record.id)

    for other in others:
        assert driver.stored(other.outputs["0"].key)[0]
        assert driver.read(other.id)["data_removed"] is False


def test_more_files_than_one_call_deletes(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumeo.steps.delete.AT_ONCE", 3)
    _, record = driver.finished("sim/many", {"num_outputs": 8})
    assert len(driver.stored_keys()) == 8
    delete(driver, record.id)

    assert driver.stored_keys() == []


def test_dead_in_the_middle(driver: Driver) -> None:
    """Nobody can read it any more, and asking again takes away the rest."""
    _, record = driver.finished("sim/one")
    refused = {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}, "ResponseMetadata": {}}
    with answered(aws.s3(), "s3.DeleteObjects", refused, 403):
        assert delete(driver, record.id).status == 500
    assert driver.read(record.id)["data_removed"] is True
    assert len(driver.stored_keys()) == 1
    assert delete(driver, record.id).status == 204

    assert driver.stored_keys() == []
    assert invalidated() == urls_of(record)


def test_objects_that_s3_would_not_delete(driver: Driver) -> None:
    """It says so in an answer that reads like a success."""
    _, record = driver.finished("sim/one")
    error = {"Key": driver.stored_keys()[0], "Code": "AccessDenied", "Message": "Access Denied"}
    with answered(aws.s3(), "s3.DeleteObjects", {"Errors": [error], "ResponseMetadata": {}}):
        assert delete(driver, record.id).status == 500

    assert delete(driver, record.id).status == 204
    assert driver.stored_keys() == []


def test_dead_before_anything_was_written(driver: Driver) -> None:
    """All of it is still there."""
    shown, record = driver.finished("sim/one")
    with dying(0):
        delete(driver, record.id)

    assert driver.read(record.id) == shown
    assert driver.stored_keys() == [record.outputs["0"].key]


def test_of_nothing(driver: Driver) -> None:
    for prediction_id in ("0" * 26, "x", "%20"):
        assert delete(driver, prediction_id).status == 404


# Afterwards


def test_cannot_be_asked_again(driver: Driver) -> None:
    """Its input is not there."""
    _, record = driver.finished("sim/one")
    delete(driver, record.id)
    answer = driver.call("POST", f"/v1/predictions/{record.id}/rerun")

    assert (answer.status, answer.body["title"]) == (409, "Conflict")


def test_repeat_of_the_request_that_made_it(driver: Driver) -> None:
    """The key names it all the same: nothing is made anew by an old request."""
    path, named = "/v1/models/sim/one/predictions", {"Idempotency-Key": "k"}
    first = driver.call("POST", path, {"input": PICTURE}, headers=named).body["id"]
    driver.run(first)
    delete(driver, first)
    answer = driver.call("POST", path, {"input": PICTURE}, headers=named)

    assert (answer.status, answer.body["id"], answer.body["data_removed"]) == (201, first, True)
    assert driver.created() == 1


def test_nothing_comes_back(driver: Driver) -> None:
    """Late functions, late webhooks, cancels and sweeps find it over."""
    _, record = driver.finished("sim/one")
    delete(driver, record.id)
    shown = driver.read(record.id)
    for state in ("Create", "Status", "Finalize", "Announce"):
        assert driver.step(state, record.id)["next"] == "End"
    driver.deliver()
    driver.cancel(record.id)
    driver.clock.passes(10_000)
    driver.sweep()

    assert driver.read(record.id) == shown
    assert driver.record(record.id).phase is Phase.DONE
    assert stored(driver) == []
    assert driver.sweep() == 0


# What comes late


def late(driver: Driver, record: Prediction) -> None:
    """A function that nobody waits for stores something after all."""
    for key in (f"outputs/{record.outputs_id}/9.png", f"records/{record.id}/logs.json"):
        aws.s3().put_object(Bucket=settings.bucket_name(), Key=key, Body=WORD.encode())


def swept(driver: Driver, seconds: int) -> None:
    """So much time passes, with a sweep every minute."""
    for _ in range(seconds // 60):
        driver.clock.passes(60)
        driver.sweep()


def test_what_is_stored_too_late_is_taken_away_too(driver: Driver) -> None:
    """A quarter of an hour after the end nobody can be left; then nothing of it is promised any more."""
    _, record = driver.finished("sim/one")
    delete(driver, record.id)
    driver.clock.passes(840)
    late(driver, record)
    swept(driver, 300)

    assert stored(driver) == []
    assert driver.record(record.id).due_at is None
    assert set(invalidated()) == {*urls_of(record), f"/outputs/{record.outputs_id}/9.png"}


def test_a_cdn_that_refuses_stands_in_nobodys_way(driver: Driver) -> None:
    """What cannot be taken away yet is tried again later, and not each minute before all that is overdue."""
    _, record = driver.finished("sim/one")
    refused = {"Error": {"Code": "TooManyInvalidationsInProgress", "Message": "Too many"}, "ResponseMetadata": {}}
    with answered(aws.cloudfront(), "cloudfront.CreateInvalidation", refused, 400):
        assert delete(driver, record.id).status == 500
    driver.clock.passes(961)
    with answered(aws.cloudfront(), "cloudfront.CreateInvalidation", refused, 400), pytest.raises(Unswept):
        driver.sweep()
    assert str(driver.record(record.id).due_at) >= clock.later(600)
    assert driver.sweep() == 0
    swept(driver, 900)

    assert invalidated() == urls_of(record)
    assert driver.record(record.id).due_at is None


def test_what_is_late_is_taken_away_though_somebody_is_to_be_told(driver: Driver, subscriber: Subscriber) -> None:
    """The promise to tell is kept first, and is not the other one."""
    prediction_id = subscriber.submit(driver, "sim/one", ["completed"])
    driver.run(prediction_id, rounds=3)
    record = driver.record(prediction_id)
    delete(driver, prediction_id)
    driver.run(prediction_id, "Announce")
    swept(driver, 600)
    late(driver, record)
    swept(driver, 900)

    assert [told.body["data_removed"] for told in subscriber.told] == [True]
    assert stored(driver) == []
    assert driver.record(prediction_id).due_at is None


@pytest.mark.parametrize("first", ["deleted", "told"])
def test_deleted_and_told_at_once(driver: Driver, subscriber: Subscriber, first: str) -> None:
    """Whoever writes first: what comes late is taken away, and the caller is told once."""
    prediction_id = subscriber.submit(driver, "sim/one", ["completed"])
    driver.run(prediction_id, rounds=3)
    record = driver.record(prediction_id)
    acts: dict[str, Callable[[], Any]] = {
        "deleted": lambda: delete(driver, prediction_id),
        "told": lambda: driver.run(prediction_id, "Announce"),
    }
    second = "told" if first == "deleted" else "deleted"
    with before("UpdateItem", acts[first]):
        acts[second]()
    late(driver, record)
    swept(driver, 1200)

    assert len(subscriber.told) == 1
    assert stored(driver) == []
    assert driver.record(prediction_id).due_at is None


def test_sweep_takes_nothing_away_that_was_not_deleted(driver: Driver) -> None:
    """Whatever a record promises."""
    shown, record = driver.finished("sim/one")
    driver.overwrite(record.id, due_at="2026-11-21T10:00:00.000Z", due_shard=3)
    swept(driver, 1200)

    assert driver.stored_keys() == [record.outputs["0"].key]
    assert driver.read(record.id) == shown
