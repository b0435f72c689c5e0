"""State Finalize: every output is ours before a prediction is `succeeded`, and never half a file."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.environment import variables
from local.simulator import Simulator, serve
from lumeo import artifacts, aws, documents, outputs, settings
from lumeo.outputs import Destination
from lumeo.prediction import Handle, Output, Prediction
from lumeo.providers import provider
from lumeo.store import store
from tests.conftest import TestClock
from tests.integration.driver import Driver
from tests.integration.dying import dying


def handle(record: Prediction) -> Handle:
    assert record.handle is not None
    return record.handle


def copied(record: Prediction, file: artifacts.Artifact) -> Output:
    """A file stored where its first output goes."""
    download = provider("replicate").open(handle(record), file)
    return outputs.copy(file, download, Destination(f"outputs/{record.outputs_id}/0", "0"), 60)


def urls(driver: Driver, prediction_id: str) -> list[str]:
    """The provider's URLs of what is to be stored."""
    result = documents.value(driver.record(prediction_id).result)
    return [artifacts.at(result["output"], pointer) for pointer in result["artifacts"]]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        pytest.param("truncate", {}, id="shorter than announced"),
        pytest.param("truncate", {"fraction": 0}, id="nothing of what was announced"),
        pytest.param("short", {}, id="cut off without a length"),
        pytest.param("short", {"fraction": 0.01}, id="cut off within the first bytes"),
        pytest.param("drop_before", {}, id="reset"),
        pytest.param("status", {"status": 404}, id="404"),
        pytest.param("status", {"status": 500}, id="500"),
        pytest.param("status", {"status": 206}, id="a part"),
        pytest.param("status", {"status": 204, "body": ""}, id="nothing"),
        pytest.param("html", {"status": 503}, id="a page"),
    ],
)
def test_broken_file_is_fetched_again(driver: Driver, kind: str, more: dict[str, Any]) -> None:
    """A fresh look says where it is now; nothing of the broken one stays."""
    prediction_id = driver.settled("sim/instant")
    looks = driver.calls()["get"]
    driver.fault("file", kind, times=2, **more)
    first = driver.step("Finalize", prediction_id)

    assert (first["next"], driver.record(prediction_id).fresh_look) == ("Status", "asked")
    assert driver.stored_keys() == []
    assert driver.read(prediction_id)["status"] == "processing"

    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    driver.check_files(driver.record(prediction_id), ["0.png"], "image/png")
    assert driver.calls()["get"] == looks + 2
    assert len(driver.stored_keys()) == 1


def test_broken_big_file_leaves_nothing(driver: Driver) -> None:
    """Also when its first parts were uploaded already."""
    prediction_id = driver.settled("sim/big", {"bytes": 20 * 1024**2})
    driver.fault("file", "truncate", fraction=0.9)

    assert driver.step("Finalize", prediction_id)["next"] == "Status"
    assert driver.stored_keys() == []
    driver.run(prediction_id, "Status")
    driver.check_files(driver.record(prediction_id), ["0.bin"], "application/octet-stream")


def test_one_broken_file_of_four(driver: Driver) -> None:
    """No success with a hole; what is stored is not fetched again."""
    prediction_id = driver.settled("sim/many")
    driver.fault("file", "truncate")
    driver.step("Finalize", prediction_id)

    assert len(driver.record(prediction_id).outputs) == driver.calls()["file"] - 1
    assert driver.read(prediction_id)["status"] == "processing"

    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    driver.check_files(driver.record(prediction_id), [f"{n}.png" for n in range(4)], "image/png")
    assert driver.calls()["file"] == 5


@pytest.mark.parametrize("model", ["sim/one", "sim/instant"])
def test_nothing_is_shown_before_all_is_there(driver: Driver, model: str) -> None:
    """A file is stored and marked, the terminal write has not been made: there is no output yet."""
    prediction_id = driver.settled(model)
    record = driver.record(prediction_id)
    (file,) = provider("replicate").artifacts(handle(record), documents.value(record.result)["output"])
    output = outputs.copy(
        file, provider("replicate").open(handle(record), file), Destination(f"outputs/{record.outputs_id}/0", "0"), 60
    )
    store().keep(prediction_id, prediction_id, 0, output)

    shown = driver.read(prediction_id)
    assert (shown["status"], shown["output"]) == ("processing", None)
    assert "completed_at" not in shown


def test_crash_between_the_copy_and_its_mark(driver: Driver) -> None:
    """The same file lands at the same key."""
    prediction_id = driver.settled("sim/instant")
    record = driver.record(prediction_id)
    (file,) = provider("replicate").artifacts(handle(record), documents.value(record.result)["output"])
    outputs.copy(
        file, provider("replicate").open(handle(record), file), Destination(f"outputs/{record.outputs_id}/0", "0"), 60
    )
    before = driver.stored_keys()
    driver.run(prediction_id, "Finalize")

    assert driver.stored_keys() == before
    driver.check_files(driver.record(prediction_id), ["0.png"], "image/png")


def test_crash_between_the_mark_and_the_end(driver: Driver) -> None:
    """What is marked is not fetched again, even if the provider has it no more."""
    prediction_id = driver.settled("sim/instant")
    record = driver.record(prediction_id)
    (file,) = provider("replicate").artifacts(handle(record), documents.value(record.result)["output"])
    output = outputs.copy(
        file, provider("replicate").open(handle(record), file), Destination(f"outputs/{record.outputs_id}/0", "0"), 60
    )
    store().keep(prediction_id, prediction_id, 0, output)
    driver.fault("file", "status", status=404, times=-1)
    driver.run(prediction_id, "Finalize")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.calls()["file"] == 1


@pytest.mark.parametrize(
    "output", ["x" * 1_100_000, {"picture": "{files}/0.png", "text": "x" * 1_100_000}], ids=["text", "JSON with a file"]
)
@pytest.mark.parametrize("writes", [0, 1, 2])
def test_crash_at_any_write(driver: Driver, output: Any, writes: int) -> None:
    """A large output becomes a file; whichever write the function dies at, the next call ends with the same."""
    prediction_id = driver.running_with(output)
    driver.step("Status", prediction_id)
    with dying(writes):
        driver.step("Finalize", prediction_id)
    driver.run(prediction_id, "Finalize")

    shown = driver.read(prediction_id)
    content, _ = driver.stored(shown["output"].removeprefix("https://cdn.test/"))
    record = driver.record(prediction_id)
    assert len(content) > 1_000_000
    if isinstance(output, str):
        assert content.decode() == output
    else:
        picture = f"https://cdn.test/outputs/{record.outputs_id}/0.png"
        assert json.loads(content) == output | {"picture": picture}


def test_run_that_is_overtaken_while_it_copies(driver: Driver) -> None:
    """It ends quietly: what it would still do is the next run's."""
    prediction_id = driver.settled("sim/many", {"num_outputs": 3})

    def overtake(**_: Any) -> None:
        aws.dynamodb().update_item(
            TableName=settings.table_name(),
            Key={"pk": {"S": f"prediction#{prediction_id}"}},
            UpdateExpression="SET run = :next",
            ExpressionAttributeValues={":next": {"S": f"{prediction_id}-2"}},
        )

    aws.s3().meta.events.register("before-call.s3.PutObject", overtake)

    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.record(prediction_id).outputs == {}


def test_redelivery_after_the_end(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")
    driver.step("Finalize", prediction_id)
    before = driver.record(prediction_id)

    assert driver.step("Finalize", prediction_id)["next"] == "End"
    assert driver.record(prediction_id) == before
    assert driver.calls()["file"] == 1


@pytest.mark.parametrize(("model", "wanted"), [("sim/stuck", "Status"), (None, "Create")])
def test_too_early(driver: Driver, model: str | None, wanted: str) -> None:
    prediction_id = driver.running(model) if model else driver.submit("sim/instant")

    assert driver.step("Finalize", prediction_id)["next"] == wanted


def test_overtaken_run_stores_nothing(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")
    before = driver.record(prediction_id)

    assert driver.step("Finalize", prediction_id, "another-run")["next"] == "End"
    assert driver.record(prediction_id) == before
    assert driver.stored_keys() == []


def test_cancel_while_files_are_stored_is_too_late(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")

    assert driver.cancel(prediction_id)["status"] == "processing"
    driver.run(prediction_id, "Finalize")
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.calls()["cancel"] == 0


def test_redirect_to_an_allowed_host_is_followed(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")
    driver.fault("file", "redirect", location=urls(driver, prediction_id)[0])
    driver.step("Finalize", prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    driver.check_files(driver.record(prediction_id), ["0.png"], "image/png")


def test_relative_redirect_is_followed(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")
    driver.fault("file", "redirect", location="0.png?again")
    driver.step("Finalize", prediction_id)

    assert driver.outcome(prediction_id) == ("succeeded", None)
    driver.check_files(driver.record(prediction_id), ["0.png"], "image/png")


def test_redirect_elsewhere_is_refused(driver: Driver, test_clock: TestClock, lines: list[str]) -> None:
    """No request arrives where outputs are not fetched from."""
    elsewhere = Simulator(clock=test_clock)
    prediction_id = driver.settled("sim/instant")
    with serve(elsewhere) as server:
        driver.fault("file", "redirect", location=f"{server.url}/files/x/0.png", times=-1)
        driver.run(prediction_id, "Finalize")

        assert elsewhere.journal() == []
    assert driver.outcome(prediction_id) == ("failed", "output_expired")
    assert any("not where outputs may be fetched" in line for line in lines)
    assert driver.stored_keys() == []


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "//127.0.0.1:1/x",
        "http://user@{host}/x",
        "http://{host}@127.0.0.1:1/x",
        "https://[oops/x",
        "http://{host}:99999/x",
        "data:image/png;base64,AAAA",
        "",
    ],
)
def test_redirect_to_what_is_no_place(driver: Driver, location: str) -> None:
    """It ends, without a success and without a request to anywhere."""
    prediction_id = driver.settled("sim/instant")
    host = driver.simulator_url.removeprefix("http://")
    driver.fault("file", "redirect", location=location.replace("{host}", host), times=-1)
    driver.clock.passes(3700)
    driver.run(prediction_id, "Finalize")

    assert driver.outcome(prediction_id) == ("failed", "output_expired")


def test_endless_redirect(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")
    driver.fault("file", "redirect", location=urls(driver, prediction_id)[0], times=-1)
    driver.run(prediction_id, "Finalize")

    assert driver.outcome(prediction_id) == ("failed", "output_expired")
    assert driver.calls()["file"] <= 4


def test_credentials_never_leave_for_a_file(driver: Driver) -> None:
    prediction_id = driver.settled("sim/many")
    driver.fault("file", "redirect", location=urls(driver, prediction_id)[1])
    driver.run(prediction_id, "Finalize")

    fetched = [entry for entry in driver.simulator.journal() if entry["call"] == "file"]
    assert len(fetched) == 5
    assert not [entry for entry in fetched if "Authorization" in entry["headers"]]
    assert driver.simulator.counters()["leaked_tokens"] == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large(driver: Driver, *, chunked: bool) -> None:
    """Whether or not the length is announced; nothing of it is kept."""
    with variables({"MAX_OUTPUT_BYTES": "1000"}):
        prediction_id = driver.settled("sim/script", {"output": ["$bytes:1000", "$bytes:1001"]})
        if chunked:
            driver.fault("file", "short", after=1, fraction=1)
        driver.run(prediction_id, "Finalize")

    shown = driver.read(prediction_id)
    assert (shown["status"], shown["error_code"], shown["output"]) == ("failed", "output_too_large", None)
    assert len(driver.stored_keys()) <= 1


def test_exactly_as_large_as_allowed(driver: Driver) -> None:
    with variables({"MAX_OUTPUT_BYTES": "1000"}):
        shown, _ = driver.finished("sim/script", {"output": "$bytes:1000"})

    assert shown["status"] == "succeeded"


def test_data_url_that_is_too_large(driver: Driver) -> None:
    with variables({"MAX_OUTPUT_BYTES": "20"}):
        shown, _ = driver.finished("sim/data")

    assert (shown["status"], shown["error_code"]) == ("failed", "output_too_large")


def test_expired_for_good(driver: Driver) -> None:
    """The provider says that it has the data no more."""
    driver.simulator.retention = 100
    prediction_id = driver.settled("sim/instant")
    driver.clock.passes(100)
    visited = driver.run(prediction_id, "Finalize")

    assert [state for state, _ in visited] == ["Finalize", "Status", "Finalize"]
    shown = driver.read(prediction_id)
    assert (shown["status"], shown["error_code"], shown["output"]) == ("failed", "output_expired", None)
    assert shown["error"] == "The generation finished, but its output could not be saved."


def test_provider_forgets_the_run_while_files_are_stored(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")
    driver.fault("file", "status", status=404, times=-1)
    driver.fault("get", "status", status=404, times=-1)
    driver.run(prediction_id, "Finalize")

    assert driver.outcome(prediction_id) == ("failed", "output_expired")


def test_provider_out_of_reach_while_files_are_stored(driver: Driver) -> None:
    """Looks go on until the provider's own time for results is over."""
    prediction_id = driver.settled("sim/instant")
    driver.clock.passes(3000)
    driver.fault("file", "status", status=500, times=-1)
    driver.fault("get", "status", status=500, times=-1)
    driver.run(prediction_id, "Finalize")

    assert driver.outcome(prediction_id) == ("failed", "output_expired")
    assert "2026-11-21T11:00:00" < str(driver.record(prediction_id).completed_at) < "2026-11-21T11:10:00"


def test_file_that_never_comes(driver: Driver) -> None:
    """The provider goes on naming a URL that does not work: this ends too, when results are no longer kept."""
    driver.simulator.retention = 1e9
    prediction_id = driver.settled("sim/instant")
    driver.clock.passes(3000)
    driver.fault("file", "status", status=404, times=-1)
    visited = driver.run(prediction_id, "Finalize")

    assert driver.outcome(prediction_id) == ("failed", "output_expired")
    assert max(wait for _, wait in visited) <= 60


def test_fresh_look_that_is_told_to_come_back_too_late(driver: Driver) -> None:
    """The provider keeps results for an hour: a longer wait would lose them for certain."""
    prediction_id = driver.settled("sim/instant")
    driver.fault("file", "status", status=500)
    driver.step("Finalize", prediction_id)
    driver.fault("get", "throttle", hint="header", seconds=7200)
    answer = driver.step("Status", prediction_id)

    assert answer["wait"] <= 3600


def test_fresh_look_finds_other_urls(driver: Driver) -> None:
    prediction_id = driver.settled("sim/instant")
    good = urls(driver, prediction_id)[0]
    driver.fault("file", "status", status=403)
    driver.step("Finalize", prediction_id)
    body = {"id": driver.upstream().id, "status": "succeeded", "output": [f"{good}?signed=2"]}
    driver.fault("get", "status", status=200, body=body)
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.simulator.journal()[-1]["path"].endswith("?signed=2")
    driver.check_files(driver.record(prediction_id), ["0.png"], "image/png")


def test_name_that_looks_like_a_token_is_still_fetched(driver: Driver) -> None:
    """What is redacted for storage must not be the URL that a file is fetched from."""
    prediction_id = driver.running_with("{files}/0.png?name=lum_evening_over_the_lake")
    driver.run(prediction_id, "Status")

    assert driver.simulator.journal()[-1]["path"].endswith("lum_evening_over_the_lake")


def test_record_that_is_kept_for_limited_time(driver: Driver) -> None:
    with variables({"RECORD_DAYS": "2"}):
        prediction_id = driver.submit("sim/instant")
        driver.run(prediction_id)

    expires_at = datetime.fromtimestamp(driver.record(prediction_id).expires_at or 0, UTC)
    assert expires_at.isoformat() == "2026-11-23T10:00:00+00:00"
    driver.clock.passes(2 * 86_400)
    assert driver.call("GET", f"/v1/predictions/{prediction_id}").status == 404
    assert driver.call("GET", "/v1/predictions").body["results"] == []


def test_timeline_for_audit(driver: Driver) -> None:
    _, record = driver.finished("sim/image")

    times = [record.timeline[name] for name in ("accepted", "submitted", "started", "completed", "saved")]
    assert times == sorted(times)


def test_nothing_of_the_provider_in_an_answer(driver: Driver) -> None:
    shown, record = driver.finished("sim/many")

    assert record.handle is not None
    assert record.handle.id not in json.dumps(shown)
    assert driver.simulator_url not in json.dumps(shown)
    assert artifacts.find(shown["output"], artifacts.Hosts([driver.simulator_url])) == ()
