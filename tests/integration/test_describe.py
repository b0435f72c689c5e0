"""GET /v1/models/…: what the provider says of its models, through a cache, and of the catalogue's under our names."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.environment import variables
from local.gateway import event
from local.simulator.models import MANY_VERSIONS, MODELS
from lumeo import models
from tests.integration.driver import LAMBDA_ANSWER_BYTES, Answer, Driver, http_request

HASH = MODELS["sim/one"].version
DAY = 86_400


def read(driver: Driver, path: str) -> Answer:
    return driver.call("GET", f"/v1/models/{path}")


def asked(driver: Driver) -> int:
    """How often the provider was asked of models."""
    return driver.calls().get("model", 0)


def test_model(driver: Driver) -> None:
    """As the provider has it, but for an example, which would have to be a whole prediction."""
    answer = read(driver, "sim/one")

    assert answer.status == 200
    assert (answer.body["owner"], answer.body["name"]) == ("sim", "one")
    assert answer.body["latest_version"]["id"] == HASH
    assert "Input" in answer.body["latest_version"]["openapi_schema"]["components"]["schemas"]
    assert answer.body["default_example"] is None


@pytest.mark.parametrize("path", ["sim/one", "sim/one/versions"])
def test_asked_once_an_hour(driver: Driver, path: str) -> None:
    first = read(driver, path)
    driver.clock.passes(3599)
    models.models.cache_clear()
    assert (read(driver, path), asked(driver)) == (first, 1)
    driver.clock.passes(2)

    assert (read(driver, path), asked(driver)) == (first, 2)


def test_version_is_asked_for_once(driver: Driver) -> None:
    answers = []
    for _ in range(3):
        answers.append(read(driver, f"sim/one/versions/{HASH}"))
        driver.clock.passes(100 * DAY)
        models.models.cache_clear()

    assert answers[0].status == 200
    assert (answers[0].body["id"], answers[0].body["cog_version"]) == (HASH, answers[0].body["cog_version"])
    assert answers == [answers[0]] * 3
    assert asked(driver) == 1


def test_what_create_learnt_is_not_asked_again(driver: Driver) -> None:
    driver.step("Create", driver.submit("sim/one"))
    before = asked(driver)
    assert read(driver, "sim/one").status == read(driver, f"sim/one/versions/{HASH}").status == 200

    assert asked(driver) == before


def test_what_was_read_is_checked_by(driver: Driver) -> None:
    """The other way round: who looks first is told of a wrong input at once."""
    read(driver, "sim/one")

    answer = driver.call("POST", "/v1/models/sim/one/predictions", {"input": {"prompt": "x", "width": 5}})
    assert answer.status == 422


@pytest.mark.parametrize("path", ["sim/none", "nobody/one", "sim/none/versions", f"sim/one/versions/{'0' * 64}"])
def test_what_there_is_not(driver: Driver, path: str) -> None:
    """Nor is it remembered: it may be there tomorrow."""
    for n in (1, 2):
        assert (read(driver, path).status, asked(driver)) == (404, n)


@pytest.mark.parametrize(
    "path",
    [
        "sim/%2e%2e",
        "sim/-",
        "sim/one/versions/..",
        "a b/c",
        "sim/one/versions/x%3Fy",
        "lumeo/not-in-the-catalogue",
        f"lumeo/not-in-the-catalogue/versions/{'0' * 64}",
    ],
)
def test_name_that_is_none(driver: Driver, path: str) -> None:
    """It is in no path of a call to the provider."""
    assert (read(driver, path).status, asked(driver)) == (404, 0)


@pytest.mark.parametrize("other", ["sim/two", "nobody/one"])
def test_version_of_another_model(driver: Driver, other: str) -> None:
    """Known or not, it is not there under a name that is not its own."""
    assert read(driver, f"sim/one/versions/{HASH}").status == 200

    assert read(driver, f"{other}/versions/{HASH}").status == 404


def test_official_model(driver: Driver) -> None:
    """It has no versions of its own to be read."""
    answer = read(driver, "sim/official")

    assert (answer.status, answer.body["is_official"]) == (200, True)
    assert read(driver, "sim/official/versions").status == 404


def test_pages_of_versions(driver: Driver) -> None:
    """There and back by our own URLs. Only the first is kept: anybody can make up cursors."""
    first = read(driver, "sim/versions/versions").body
    second = _follow(driver, first["next"])
    found = [version["id"] for version in first["results"] + second["results"]]

    assert len(found) == len(set(found)) == MANY_VERSIONS
    assert found[0] == MODELS["sim/versions"].version
    assert (first["previous"], second["next"]) == (None, None)
    assert _follow(driver, second["previous"])["results"] == first["results"]
    kept = driver.stored_keys("models/")
    before = asked(driver)
    assert read(driver, "sim/versions/versions").body == first
    assert asked(driver) == before
    assert _follow(driver, first["next"]) == second
    assert asked(driver) == before + 1
    assert driver.stored_keys("models/") == kept
    oldest = second["results"][-1]
    assert read(driver, f"sim/versions/versions/{oldest['id']}").body == oldest


def _follow(driver: Driver, url: str) -> Any:
    assert url.startswith("https://lumeo.test/v1/models/sim/versions/versions?cursor=")
    parts = urlsplit(url)
    answer = driver.call("GET", f"{parts.path}?{parts.query}")
    assert answer.status == 200
    return answer.body


def test_cursor_that_is_none(driver: Driver) -> None:
    for cursor in ("x" * 600, "é", "a%20b"):
        assert read(driver, f"sim/versions/versions?cursor={cursor}").status == 400, cursor
    assert asked(driver) == 0


def test_cursor_that_the_provider_does_not_know(driver: Driver) -> None:
    """The caller's mistake, not an outage: to try it again later would be in vain."""
    assert read(driver, "sim/versions/versions?cursor=bm9uZQ").status in {400, 404}


# Without the provider

TROUBLES = [
    ("status", {"status": 500}),
    ("drop_before", {}),
    ("html", {}),
    ("half_json", {}),
    ("throttle", {"seconds": 7, "hint": "header"}),
    ("status", {"status": 200, "body": []}),
    ("status", {"status": 401}),
]


@pytest.mark.parametrize(("kind", "more"), TROUBLES)
def test_provider_that_cannot_be_asked(driver: Driver, kind: str, more: Mapping[str, Any]) -> None:
    """503 with a hint where nothing is known; what is known is better than nothing, however old."""
    driver.fault("model", kind, times=-1, **more)
    answer = read(driver, "sim/one")
    seconds = more.get("seconds", 10)
    assert (answer.status, answer.body["retry_after"]) == (503, seconds)
    assert answer.headers["Retry-After"] == str(seconds)
    assert read(driver, f"sim/one/versions/{HASH}").status == 503
    assert read(driver, "sim/one/versions").status == 503
    driver.simulator.reset()
    first = read(driver, "sim/one")
    driver.fault("model", kind, times=-1, **more)
    driver.clock.passes(7 * DAY)

    assert read(driver, "sim/one") == first
    assert read(driver, f"sim/one/versions/{HASH}").status == 200


def test_trouble_is_over_when_it_is_over(driver: Driver) -> None:
    driver.fault("model", "status", status=500)

    assert [read(driver, "sim/one").status for _ in range(2)] == [503, 200]


def test_model_that_is_gone(driver: Driver) -> None:
    """What the provider says now counts more than what it said."""
    read(driver, "sim/one")
    driver.clock.passes(3601)
    driver.fault("model", "status", status=404)

    assert read(driver, "sim/one").status == 404


def test_odd_answers_are_read_as_clients_can_take_them(driver: Driver) -> None:
    """No version, no schema, no Cog: null, an object, a text."""
    body = {"owner": "sim", "name": "odd", "latest_version": None, "default_example": {"id": "x"}, "run_count": 1}
    body |= {"url": "https://x.test/sim/odd", "description": None, "visibility": "public", "is_official": False}
    body |= dict.fromkeys(("github_url", "paper_url", "license_url", "cover_image_url"))
    driver.fault("model", "status", status=200, body=body)
    answer = read(driver, "sim/odd")
    assert (answer.status, answer.body["latest_version"], answer.body["default_example"]) == (200, None, None)

    version = {"id": HASH, "created_at": "2026-01-01T00:00:00Z", "cog_version": None, "openapi_schema": None}
    driver.fault("model", "status", status=200, body=version)
    answer = read(driver, f"sim/odd/versions/{HASH}")
    assert (answer.body["cog_version"], answer.body["openapi_schema"]) == ("", {})


def test_large_schemas_can_be_answered(driver: Driver) -> None:
    """Lambda answers 6 MB at most: the later ones of a page have no schema then."""
    schema = {"components": {"schemas": {"Input": {"description": '"' * 300_000}}}}
    each = {"created_at": "2026-01-01T00:00:00Z", "cog_version": "0.9", "openapi_schema": schema}
    results = [{"id": f"{n:064x}", **each} for n in range(20)]
    driver.fault("model", "status", status=200, body={"previous": None, "next": None, "results": results})
    path = "/v1/models/sim/large/versions"
    request = http_request("GET", path, b"", {"Authorization": f"Bearer {driver.key}"})
    made = event(request, "GET /v1/models/{owner}/{name}/versions", {"owner": "sim", "name": "large"})
    result = driver.functions.invoke("ModelsFunction", made)

    assert len(json.dumps(result)) <= LAMBDA_ANSWER_BYTES
    shown = json.loads(result["body"])["results"]
    assert [version["id"] for version in shown] == [version["id"] for version in results]
    assert shown[0]["openapi_schema"] == schema
    assert shown[-1]["openapi_schema"] == {}


# The catalogue


def test_model_of_the_catalogue(driver: Driver) -> None:
    answer = read(driver, "lumeo/pictures")

    assert (answer.body["owner"], answer.body["name"]) == ("lumeo", "pictures")
    assert answer.body["description"] == "Four pictures of one prompt"
    assert answer.body["latest_version"]["id"] == MODELS["sim/many"].version
    assert read(driver, "lumeo/nothing").status == 404


def test_one_version_of_the_catalogue(driver: Driver, tmp_path: Path) -> None:
    """The one that its owner named is all that there is."""
    second = read(driver, "sim/versions/versions").body["results"][1]
    path = tmp_path / "own.toml"
    path.write_text(f'steps = "sim/versions:{second["id"]}"\n')
    with variables({"CATALOGUE_FILE": str(path)}):
        assert read(driver, "lumeo/steps").body["latest_version"] == second
        page = read(driver, "lumeo/steps/versions").body
        assert (page["results"], page["next"], page["previous"]) == ([second], None, None)
        assert read(driver, f"lumeo/steps/versions/{second['id']}").body == second
        assert read(driver, f"lumeo/steps/versions/{MODELS['sim/versions'].version}").status == 404
