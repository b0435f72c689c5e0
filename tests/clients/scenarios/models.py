"""Models and their versions."""

from tests.clients.saying import raised
from tests.clients.scenarios.registry import WITH_CURL, scenario
from tests.clients.scenarios.running import digest
from tests.clients.scene import Scene


@scenario("a model", *WITH_CURL)
def model(on: Scene) -> str:
    found = on.do("model", name="sim/image")

    assert (found["owner"], found["name"]) == ("sim", "image")
    assert found["latest_version"]["id"] == digest("sim/image")
    return "with its latest version"


@scenario("a model's versions", *WITH_CURL)
def versions(on: Scene) -> str:
    assert on.do("versions", name="sim/image") == [digest("sim/image")]
    return "a page of 1"


@scenario("a version", *WITH_CURL)
def version(on: Scene) -> str:
    found = on.do("version", name="sim/image", digits=digest("sim/image"))

    assert "prompt" in found["openapi_schema"]["components"]["schemas"]["Input"]["properties"]
    return "with its schema"


@scenario("404: a model that is not there", *WITH_CURL)
def unknown_model(on: Scene) -> str:
    error = on.refused(lambda: on.do("model", name="sim/nothing"))

    assert error.status == 404
    return raised(error)
