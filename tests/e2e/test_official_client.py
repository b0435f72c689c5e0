"""The PyPI client `replicate` 1.0.7, unchanged, with its base URL pointed at the stack."""

from collections.abc import Iterator

import pytest
import requests
from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError
from replicate.helpers import FileOutput
from replicate.prediction import Prediction as Theirs

from lumeo.prediction import Document, Phase, Prediction, Status
from lumeo.store import Store
from tests.e2e.conftest import Caller, Stack


@pytest.fixture
def replicate(stack: Stack, caller: Caller, trusted: None) -> Iterator[Client]:
    client = Client(api_token=caller.key, base_url=stack.ready["api_url"].removesuffix("/v1"))
    yield client
    client._client.close()


def upstream_file(stack: Stack, prediction: Theirs, n: int = 0) -> bytes:
    """The bytes as the simulator serves them."""
    (truth,) = [p for p in stack.simulator("predictions") if p["input"] == prediction.input]
    return requests.get(truth["output"][n], timeout=10).content


def test_run_gives_files_with_the_simulators_bytes(stack: Stack, replicate: Client) -> None:
    outputs = replicate.run("sim/many", input={"prompt": "run gives files", "num_outputs": 3})

    assert isinstance(outputs, list)
    assert [type(output) for output in outputs] == [FileOutput] * 3
    (listed,) = [p for p in replicate.predictions.list() if p.input == {"prompt": "run gives files", "num_outputs": 3}]
    assert [output.read() for output in outputs] == [upstream_file(stack, listed, n) for n in range(3)]
    assert all(output.url.startswith("https://") for output in outputs)


def test_run_gives_text_as_text(replicate: Client) -> None:
    assert isinstance(replicate.run("sim/text", input={"prompt": "text"}), str)


def test_run_past_the_wait_polls_on(replicate: Client) -> None:
    """An unfinished answer must read `starting`, or the client returns None while the model still runs."""
    outputs = replicate.run("sim/slow", input={"prompt": "slow"}, wait=1)

    assert isinstance(outputs, list)
    assert isinstance(outputs[0], FileOutput)


def test_create_then_wait(replicate: Client) -> None:
    prediction = replicate.models.predictions.create(model=("sim", "image"), input={"prompt": "create and wait"})
    first = prediction.status
    prediction.wait()

    assert first == "starting"
    assert prediction.status == "succeeded"
    assert prediction.progress is not None
    assert prediction.progress.percentage == 1.0


def test_create_by_version(replicate: Client, stack: Stack) -> None:
    prediction = replicate.predictions.create(version="sim/instant", input={"prompt": "by version"})
    prediction.wait()

    assert replicate.predictions.get(prediction.id).output == prediction.output
    assert stack.simulator("counters", model="sim/instant")["created"] >= 1


def test_cancel(replicate: Client) -> None:
    prediction = replicate.models.predictions.create(model=("sim", "stuck"), input={"prompt": "cancel"})
    prediction.cancel()
    prediction.wait()

    assert replicate.predictions.get(prediction.id).status == "canceled"


def test_failed_run_raises_with_a_friendly_sentence(replicate: Client) -> None:
    with pytest.raises(ModelError, match="The generation failed") as raised:
        replicate.run("sim/traceback", input={"prompt": "fails"})

    assert "Traceback" not in str(raised.value.prediction.error)


def test_refused_content_says_so(replicate: Client) -> None:
    with pytest.raises(ModelError) as raised:
        replicate.run("sim/nsfw", input={"prompt": "refused"})

    assert raised.value.prediction.error == "This content was rejected."


def test_unknown_prediction_is_a_replicate_error(replicate: Client) -> None:
    with pytest.raises(ReplicateError) as raised:
        replicate.predictions.get("0" * 26)

    assert (raised.value.status, raised.value.title) == (404, "Not found")


def test_wrong_key_is_a_replicate_error(stack: Stack, trusted: None) -> None:
    client = Client(api_token="lum_wrong", base_url=stack.ready["api_url"].removesuffix("/v1"))
    with client._client, pytest.raises(ReplicateError) as raised:
        client.predictions.list()

    assert (raised.value.status, raised.value.title) == (401, "Unauthenticated")


def test_list_over_several_pages(stack: Stack, replicate: Client, caller: Caller) -> None:
    wanted = seed(stack, caller, 230)

    page, sizes, seen = replicate.predictions.list(), [], []
    while True:
        sizes.append(len(page.results))
        seen += [prediction.id for prediction in page]
        if not page.next:
            break
        page = replicate.predictions.list(page.next)

    assert sizes == [100, 100, 30]
    assert seen == wanted[::-1]
    assert page.previous
    assert [p.id for p in replicate.predictions.list(page.previous)] == wanted[::-1][100:200]


def seed(stack: Stack, caller: Caller, count: int) -> list[str]:
    """Finished predictions of a caller, oldest first, written as the table's contract says."""
    store = Store(stack.client("dynamodb"), stack.ready["table_name"])
    made = [f"{n:026d}" for n in range(count)]
    for n, prediction_id in enumerate(made):
        moment = f"2026-01-01T00:{n // 60:02d}:{n % 60:02d}.000Z"
        store.accept(
            Prediction(
                id=prediction_id,
                caller=caller.name,
                created_at=moment,
                provider="replicate",
                model="sim/instant",
                input=Document(json="{}"),
                base_url=stack.ready["api_url"].removesuffix("/v1"),
                outputs_id="0" * 32,
                deadline=moment,
                run=prediction_id,
                due_shard=None,
                due_at=None,
                phase=Phase.DONE,
                status=Status.CANCELED,
                completed_at=moment,
            )
        )
    return made
