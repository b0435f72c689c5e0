"""Runs that come to another end than success."""

from concurrent.futures import ThreadPoolExecutor

from tests.clients.lane import Raised
from tests.clients.saying import raised, said
from tests.clients.scenarios.registry import scenario
from tests.clients.scene import Scene


def _end(on: Scene, model: str, **given: object) -> str:
    """What the user of a client gets of a run that does not succeed: some raise, some return nothing."""
    try:
        return said(on.run(model, given))
    except Raised as error:
        return raised(error)


@scenario("the model fails")
def failed(on: Scene) -> str:
    end = _end(on, "sim/traceback")

    assert "The generation failed." in end
    assert "Traceback" not in end
    return end


@scenario("the model refuses the content")
def refused(on: Scene) -> str:
    end = _end(on, "sim/nsfw")

    assert "This content was rejected." in end
    return end


@scenario("canceled by somebody else meanwhile")
def canceled(on: Scene) -> str:
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(lambda: on.caller.call("POST", f"/predictions/{on.one_processing()}/cancel"))
        end = _end(on, "sim/stuck")

    assert [prediction["status"] for prediction in on.upstream()] == ["canceled"]
    return end


@scenario("canceled by an `AbortSignal`", "npm")
def aborted_by_signal(on: Scene) -> str:
    output = on.run("sim/stuck", wait=False, abort_after=4)

    assert [prediction["status"] for prediction in on.upstream()] == ["canceled"]
    return said(output)


@scenario("the provider says `aborted`")
def aborted(on: Scene) -> str:
    """A word that no client knows: some would wait for ever, one would raise a validation error."""
    end = _end(on, "sim/script", status="aborted")

    assert [prediction["status"] for prediction in on.upstream()] == ["aborted"]
    return end
