"""Requests that are refused."""

import time

from lumeo.items import pack
from lumeo.rates import Rate
from tests.clients.lane import Raised
from tests.clients.saying import raised, said
from tests.clients.scenarios.registry import WITH_CURL, scenario
from tests.clients.scenarios.running import digest
from tests.clients.scene import Scene

OVER_SECONDS = 4
"""For so long a caller is over its limit: longer than a client needs that asks again and again without a pause."""


@scenario("401: a wrong key")
def wrong_key(on: Scene) -> str:
    on.caller.key = "lum_wrong"
    error = on.refused(lambda: on.do("pages"))

    assert error.status == 401
    return raised(error)


@scenario("404: a prediction that is not there")
def unknown(on: Scene) -> str:
    error = on.refused(lambda: on.do("get", name="0" * 26))

    assert error.status == 404
    return raised(error)


@scenario("422: an input that the model does not take", *WITH_CURL)
def wrong_input(on: Scene) -> str:
    """Known to be wrong by the version's schema, before anything is created."""
    version = digest("sim/many")
    on.caller.call("GET", f"/models/sim/many/versions/{version}")
    error = on.refused(lambda: on.run(f"sim/many:{version}", {"num_outputs": 0}))

    assert error.status == 422
    assert "num_outputs" in error.message
    assert (on.mine(), on.upstream()) == ([], [])
    return f"{raised(error)}, names the field"


@scenario("429: more than a caller may create")
def too_many(on: Scene) -> str:
    """As on Replicate, clients differ: one waits as it is told, one asks six times at once, the others say so."""
    rate = Rate(600, burst=100)
    over = int(1000 * (time.time() + OVER_SECONDS)) + rate.tolerance
    stack = on.world.stack
    stack.client("dynamodb").put_item(
        TableName=stack.ready["table_name"], Item=pack({"pk": f"rate#{on.caller.name}", "tat": over})
    )
    with on.faults() as between:
        try:
            end = said(on.run("sim/one"))
        except Raised as error:
            end = raised(error)
    assert ("429" in end) == (on.mine() == [])
    return f"{end} ({between.posts} request{'s' if between.posts > 1 else ''})"
