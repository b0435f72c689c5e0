"""Runs that succeed: what the user is given, and that it is the provider's."""

import hashlib

from local.simulator.models import SENTENCE
from tests.clients.saying import leaves, said, text
from tests.clients.scenarios.registry import OFFICIAL, WITH_CURL, scenario
from tests.clients.scene import Scene


def digest(name: str) -> str:
    """The version of one of the simulator's models."""
    return hashlib.sha256(name.encode()).hexdigest()


@scenario("`run`, over within the wait")
def run_fast(on: Scene) -> str:
    output = on.run("sim/many", {"num_outputs": 2})

    assert [leaf["sha256"] for leaf in leaves(output)] == on.sha256()
    assert all(leaf["url"].startswith("https://") for leaf in leaves(output))
    return said(output)


@scenario("`run`, longer than the wait", *WITH_CURL)
def run_past_the_wait(on: Scene) -> str:
    """An unfinished answer must read `starting`, or clients return nothing while the model still runs."""
    output = on.run("sim/script", {"processing": 4}, wait=3)

    assert [leaf["sha256"] for leaf in leaves(output)] == on.sha256()
    return said(output)


@scenario("`run` without a wait", *WITH_CURL)
def run_without_a_wait(on: Scene) -> str:
    output = on.run("sim/one", wait=False)

    assert output["sha256"] == on.sha256()[0]
    return said(output)


@scenario("`run` of `owner/name:hash`", *WITH_CURL)
def run_pinned(on: Scene) -> str:
    output = on.run(f"sim/one:{digest('sim/one')}")

    assert output["sha256"] == on.sha256()[0]
    assert on.mine()[0]["version"] == digest("sim/one")
    return said(output)


@scenario("`run` of an official model", *WITH_CURL)
def run_official(on: Scene) -> str:
    """It has no version that could be named, and shows none."""
    output = on.run("sim/official")

    assert [leaf["sha256"] for leaf in leaves(output)] == on.sha256()
    assert on.mine()[0]["version"] == "hidden"
    return said(output)


@scenario("`use()`, a file", "py2")
def use_file(on: Scene) -> str:
    output = on.do("use", ref="sim/one", given=on.given)

    assert output["sha256"] == on.sha256()[0]
    return said(output)


@scenario("`use()` of an official model", "py2")
def use_official(on: Scene) -> str:
    """Its versions are asked for, and a 404 is what says that it has none."""
    output = on.do("use", ref="sim/official", given=on.given)

    assert [leaf["sha256"] for leaf in leaves(output)] == on.sha256()
    return said(output)


@scenario("`use()`, text in pieces", "py2")
def use_text(on: Scene) -> str:
    output = on.do("use", ref="sim/tokens", given=on.given)

    assert text(output) == SENTENCE
    return said(output)


@scenario("text", *WITH_CURL)
def run_text(on: Scene) -> str:
    output = on.run("sim/text")

    assert text(output) == SENTENCE
    return said(output)


@scenario("text in pieces, by `owner/name`", *WITH_CURL)
def run_pieces(on: Scene) -> str:
    output = on.run("sim/tokens")

    assert text(output) == SENTENCE
    return said(output)


@scenario("text in pieces, by `owner/name:hash`", *WITH_CURL)
def run_pieces_pinned(on: Scene) -> str:
    output = on.run(f"sim/tokens:{digest('sim/tokens')}")

    assert text(output) == SENTENCE
    return said(output)


@scenario("text in pieces, by `owner/name:hash`, without a wait", *WITH_CURL)
def run_pieces_without_a_wait(on: Scene) -> str:
    output = on.run(f"sim/tokens:{digest('sim/tokens')}", wait=False)

    assert text(output) == SENTENCE
    return said(output)


@scenario("files within an object", *WITH_CURL)
def run_nested(on: Scene) -> str:
    output = on.run("sim/nested")

    assert [leaf["sha256"] for leaf in leaves(output) if "sha256" in leaf] == on.sha256()
    assert output["fields"]["score"] == {"kind": "value", "value": 0.87}
    return said(output)


@scenario("`stream()`", *OFFICIAL)
def stream(on: Scene) -> str:
    """Nothing is streamed here: two clients say so, one looks again and again instead."""
    asked = {"ref": "sim/tokens", "given": on.given}
    if on.client == "py2":
        output = on.do("stream", **asked)
        assert text(output) == SENTENCE
        return said(output)
    error = on.refused(lambda: on.do("stream", **asked))
    assert "not support streaming" in error.message
    return f"`{error.name}`"
