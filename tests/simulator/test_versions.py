"""A model with many versions, and an official one, which shows none."""

import hashlib
from itertools import pairwise
from typing import Any

import pytest
import requests

from tests.simulator.caller import Caller

NEWEST = 150
PROMPT = {"prompt": "a corgi"}


def version(number: int) -> str:
    return hashlib.sha256(f"sim/versions/{number}".encode()).hexdigest()


def run(sim: Caller, named: str, **given: Any) -> requests.Response:
    return sim.post("/v1/predictions", json={"version": named, "input": {**PROMPT, **given}})


def most_steps(described: dict[str, Any]) -> int:
    return int(described["openapi_schema"]["components"]["schemas"]["Input"]["properties"]["steps"]["maximum"])


def test_versions_come_in_pages_the_newest_first(sim: Caller) -> None:
    first = sim.get("/v1/models/sim/versions/versions").json()
    second = sim.get(first["next"]).json()
    every = first["results"] + second["results"]

    assert (len(first["results"]), len(second["results"])) == (100, 50)
    assert [one["id"] for one in every] == [version(number) for number in range(NEWEST, 0, -1)]
    assert all(newer["created_at"] > older["created_at"] for newer, older in pairwise(every))
    assert first["next"].startswith(f"{sim.url}/v1/models/sim/versions/versions?cursor=")
    assert (first["previous"], second["next"]) == (None, None)
    assert sim.get(second["previous"]).json()["results"] == first["results"]


def test_each_has_a_schema_of_its_own(sim: Caller) -> None:
    page = sim.get("/v1/models/sim/versions/versions").json()["results"]
    old = sim.get(f"/v1/models/sim/versions/versions/{version(7)}").json()

    assert [most_steps(one) for one in page] == list(range(NEWEST, NEWEST - 100, -1))
    assert (old["id"], most_steps(old)) == (version(7), 7)


@pytest.mark.parametrize("form", ["{}", "sim/versions:{}"], ids=["hash", "name:hash"])
def test_any_of_them_runs_by_its_own_schema(sim: Caller, form: str) -> None:
    named = form.format(version(7))
    made, refused = run(sim, named, steps=7), run(sim, named, steps=8)

    assert (made.status_code, made.json()["model"], made.json()["version"]) == (201, "sim/versions", version(7))
    assert [(wrong["type"], wrong["field"]) for wrong in refused.json()["invalid_fields"]] == [
        ("number_lte", "input.steps")
    ]


def test_the_name_runs_the_newest(sim: Caller) -> None:
    asked = [run(sim, "sim/versions", steps=NEWEST), sim.create("sim/versions", {**PROMPT, "steps": NEWEST})]
    model = sim.get("/v1/models/sim/versions").json()

    assert [made.json()["version"] for made in asked] == [version(NEWEST)] * 2
    assert (model["latest_version"]["id"], model["run_count"]) == (version(NEWEST), 2)


def test_a_version_belongs_to_its_model(sim: Caller) -> None:
    assert run(sim, f"sim/image:{version(7)}").status_code == 422
    assert sim.get(f"/v1/models/sim/image/versions/{version(7)}").status_code == 404


def test_an_official_model_hides_its_version(sim: Caller) -> None:
    asked = [run(sim, "sim/official"), sim.create("sim/official")]

    assert [made.status_code for made in asked] == [201, 201]
    assert [(made.json()["model"], made.json()["version"]) for made in asked] == [("sim/official", "hidden")] * 2


def test_an_official_model_says_so_and_has_a_schema(sim: Caller) -> None:
    official, other = (sim.get(f"/v1/models/sim/{name}").json() for name in ("official", "image"))

    assert (official["is_official"], other["is_official"]) == (True, False)
    assert "prompt" in official["latest_version"]["openapi_schema"]["components"]["schemas"]["Input"]["properties"]


def test_an_official_model_has_no_versions_to_be_read_or_run(sim: Caller) -> None:
    latest = sim.get("/v1/models/sim/official").json()["latest_version"]["id"]

    assert sim.get("/v1/models/sim/official/versions").status_code == 404
    assert sim.get(f"/v1/models/sim/official/versions/{latest}").status_code == 404
    assert [run(sim, named).status_code for named in (latest, f"sim/official:{latest}")] == [422, 422]
