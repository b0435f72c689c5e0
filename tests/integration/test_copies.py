"""State Finalize copies several files at once: what is recorded does not depend on which of them ends first."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.environment import variables
from lumeo import aws
from tests.integration.driver import Driver
from tests.integration.dying import dying
from tests.integration.meeting import before

MANY = 40


@contextmanager
def storing(act: Callable[[str], object]) -> Iterator[None]:
    """Call with a file's name whenever one is about to be put into the bucket, in the thread that does it."""

    def put(params: dict[str, Any], **_: Any) -> None:
        act(params["url"].rpartition("/")[2])

    events: Any = aws.s3().meta.events
    events.register("before-call.s3.PutObject", put)
    try:
        yield
    finally:
        events.unregister("before-call.s3.PutObject", put)


def test_at_once(driver: Driver) -> None:
    """The first file is held back until the three others are marked."""
    prediction_id = driver.settled("sim/script", {"output": ["$png", "$jpeg", "$bytes:0", "$bytes:100"]})
    others, waited = threading.Event(), []

    def hold(name: str) -> None:
        if name == "0.png":
            waited.append(others.wait(20))

    with before("UpdateItem", others.set, nth=3), storing(hold):
        driver.run(prediction_id, "Finalize")

    assert waited == [True]
    record = driver.record(prediction_id)
    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert [record.outputs[str(n)].pointer for n in range(4)] == ["/0", "/1", "/2", "/3"]
    for n, name in enumerate(("0.png", "1.jpg", "2.bin", "3.bin")):
        assert driver.stored(record.outputs[str(n)].key)[0] == driver.file(name)
    assert len(driver.read(prediction_id)["output"]) == 4


def test_not_all_at_once(driver: Driver) -> None:
    """Each holds memory."""
    prediction_id = driver.settled("sim/many", {"num_outputs": 12})
    under_way, most = threading.Semaphore(4), []

    def note(_: str) -> None:
        most.append(under_way.acquire(blocking=False))
        threading.Event().wait(0.02)
        under_way.release()

    with storing(note):
        driver.run(prediction_id, "Finalize")

    assert most == [True] * 12


def test_one_file_needs_no_thread(driver: Driver) -> None:
    prediction_id, threads = driver.settled("sim/instant"), []
    with storing(lambda _: threads.append(threading.current_thread())):
        driver.run(prediction_id, "Finalize")

    assert threads == [threading.current_thread()]


def test_broken_one_stops_what_has_not_begun(driver: Driver) -> None:
    """What was under way is stored and marked, and never fetched again."""
    prediction_id = driver.settled("sim/many", {"num_outputs": MANY})
    driver.fault("file", "truncate")
    assert driver.step("Finalize", prediction_id)["next"] == "Status"

    record = driver.record(prediction_id)
    assert record.fresh_look == "asked"
    assert len(record.outputs) == len(driver.stored_keys()) == driver.calls()["file"] - 1

    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    driver.check_files(driver.record(prediction_id), [f"{n}.png" for n in range(MANY)], "image/png")
    assert driver.calls()["file"] == MANY + 1


@pytest.mark.parametrize("first", ["0.png", "none.png"])
def test_the_first_files_trouble_counts(driver: Driver, first: str) -> None:
    """One is too large, the other is not there."""
    names = sorted(("0.png", "none.png"), reverse=first == "none.png")
    prediction_id = driver.running_with([f"{{files}}/{name}" for name in names])
    driver.step("Status", prediction_id)
    with variables({"MAX_OUTPUT_BYTES": "10"}):
        driver.step("Finalize", prediction_id)

    outcome = driver.outcome(prediction_id)
    assert outcome == (("failed", "output_too_large") if first == "0.png" else ("processing", None))


def test_overtaken_in_the_middle(driver: Driver) -> None:
    """Nothing of it is marked any more, and what has not begun never does."""
    prediction_id = driver.settled("sim/many", {"num_outputs": MANY})
    with before("UpdateItem", lambda: driver.overwrite(prediction_id, run=f"{prediction_id}-2"), nth=3):
        assert driver.step("Finalize", prediction_id)["next"] == "End"

    kept = driver.record(prediction_id).outputs
    assert len(kept) < 10
    assert driver.calls()["file"] < MANY

    driver.run(prediction_id, "Finalize", run=f"{prediction_id}-2")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.record(prediction_id).outputs.items() >= kept.items()


def test_time_that_runs_out_in_the_middle(driver: Driver) -> None:
    """The next call does the rest, and nothing twice."""
    prediction_id = driver.settled("sim/many", {"num_outputs": MANY})
    driver.simulator.retention = 10_000
    with before("UpdateItem", lambda: driver.clock.passes(2000), nth=3):
        assert driver.step("Finalize", prediction_id)["next"] == "Status"

    assert 0 < len(driver.record(prediction_id).outputs) < MANY
    driver.run(prediction_id, "Status")

    assert driver.outcome(prediction_id) == ("succeeded", None)
    assert driver.calls()["file"] == MANY


def test_crash_in_the_middle(driver: Driver) -> None:
    prediction_id = driver.settled("sim/many", {"num_outputs": 8})
    with dying(writes=3):
        driver.step("Finalize", prediction_id)

    assert len(driver.record(prediction_id).outputs) == 3
    driver.run(prediction_id, "Finalize")

    driver.check_files(driver.record(prediction_id), [f"{n}.png" for n in range(8)], "image/png")
    assert driver.outcome(prediction_id) == ("succeeded", None)
