"""What a create call asks to be run, by whichever name; and its input, checked before anybody is called."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.environment import variables
from local.simulator.models import MODELS
from lumeo import aws, models, settings
from tests.integration.driver import PICTURE, Answer, Driver

HASH = MODELS["sim/one"].version
WRONG = {"prompt": "a corgi", "width": 5}
"""An input that models which make pictures do not take."""


def create(driver: Driver, version: str, given: Any = None) -> Answer:
    return driver.call("POST", "/v1/predictions", {"version": version, "input": PICTURE if given is None else given})


def of_model(driver: Driver, model: str, given: Any = None) -> Answer:
    return driver.call("POST", f"/v1/models/{model}/predictions", {"input": PICTURE if given is None else given})


def sent(driver: Driver) -> list[tuple[str, str | None]]:
    """Path and version of each submission that the provider got."""
    paths = [entry["path"] for entry in driver.simulator.journal() if entry["call"] == "create"]
    return [(path, str(run.request.model.version)) for path, run in zip(paths, driver.simulator.all(), strict=True)]


def asked(driver: Driver) -> list[str]:
    """What the provider was asked of models."""
    return [
        entry["path"].removeprefix("/v1/models/") for entry in driver.simulator.journal() if entry["call"] == "model"
    ]


def learnt(driver: Driver, model: str) -> None:
    """A prediction of a model has been submitted to the provider, and with it what the model takes became known."""
    driver.step("Create", driver.submit(model))


# Names


def test_deployment(driver: Driver) -> None:
    """It names its version by itself: there is nothing to warn of, and nothing to check by."""
    answer = driver.call("POST", "/v1/deployments/sim/deployment/predictions", {"input": PICTURE})
    assert (answer.status, answer.body["deployment"], answer.body["warnings"]) == (201, "sim/deployment", [])
    assert (answer.body["model"], answer.body["version"]) == ("", "hidden")
    driver.run(answer.body["id"])
    shown = driver.read(answer.body["id"])

    assert (shown["status"], shown["model"], shown["deployment"]) == ("succeeded", "sim/image", "sim/deployment")
    assert (shown["version"], shown["warnings"]) == (MODELS["sim/image"].version, [])
    assert [path for path, _ in sent(driver)] == ["/v1/deployments/sim/deployment/predictions"]
    assert asked(driver) == []


def test_deployment_that_there_is_not(driver: Driver) -> None:
    answer = driver.call("POST", "/v1/deployments/sim/nothing/predictions", {"input": PICTURE})
    driver.run(answer.body["id"])

    assert driver.outcome(answer.body["id"]) == ("failed", "model_not_found")


def test_names_that_are_none(driver: Driver) -> None:
    """No slash, no dot, no token gets into the path of a call to the provider."""
    for name in ("-sim/one", "sim/..", "../sim", "sim/%2e%2e", "sim/a b", "sim/é", f"sim/r8_{'0' * 37}"):
        for kind in ("deployments", "models"):
            answer = driver.call("POST", f"/v1/{kind}/{name}/predictions", {"input": PICTURE})
            assert answer.status == 404, name
    for version in ("sim/one:", "sim//one", "/one", "sim/one:x:y", "sim/one/x", "a b", "", "x" * 300, f"r8_{'0' * 37}"):
        answer = create(driver, version)
        assert answer.status == 422, version
        assert answer.body["invalid_fields"][0]["field"] == "version"
    assert driver.started() == []


@pytest.mark.parametrize("version", ["sim/one", f"sim/one:{HASH}", HASH])
def test_forms_of_a_version(driver: Driver, version: str) -> None:
    """All run the same; what ran is shown, and is warned of where it was not named."""
    answer = create(driver, version)
    assert (answer.status, answer.body["model"]) == (201, "" if version == HASH else "sim/one")
    assert answer.body["warnings"] == []
    driver.run(answer.body["id"])
    shown = driver.read(answer.body["id"])

    assert (shown["status"], shown["model"], shown["version"]) == ("succeeded", "sim/one", HASH)
    assert sent(driver) == [("/v1/predictions", HASH)]
    if version == "sim/one":
        ((code, detail),) = [(one["code"], one["detail"]) for one in shown["warnings"]]
        assert (code, detail.rpartition(" ")[2]) == ("unpinned_version", f"sim/one:{HASH}")
    else:
        assert shown["warnings"] == []


def test_version_that_is_warned_of_is_known_from_the_first_on(driver: Driver) -> None:
    """What the name stands for is said in the very answer, once it has been learnt."""
    learnt(driver, "sim/one")
    for answer in (of_model(driver, "sim/one"), create(driver, "sim/one")):
        (warning,) = answer.body["warnings"]

        assert warning["detail"].endswith(f"sim/one:{HASH}")
        assert answer.body["version"] == "hidden", "what runs is known when it runs"
        assert create(driver, warning["detail"].rpartition(" ")[2]).body["warnings"] == []


def test_official_model_has_no_version_to_name(driver: Driver) -> None:
    """The provider shows one, but nothing can be run by it."""
    learnt(driver, "sim/official")
    answer = of_model(driver, "sim/official")
    assert answer.body["warnings"] == []
    driver.run(answer.body["id"])

    shown = driver.read(answer.body["id"])
    assert (shown["status"], shown["version"], shown["warnings"]) == ("succeeded", "hidden", [])


# What Create learns


def test_name_is_asked_for_once_an_hour(driver: Driver) -> None:
    for _ in range(3):
        learnt(driver, "sim/one")
        driver.step("Create", create(driver, "sim/one").body["id"])
    assert asked(driver) == ["sim/one"]
    driver.clock.passes(3599)
    learnt(driver, "sim/one")
    assert asked(driver) == ["sim/one"]
    driver.clock.passes(2)
    learnt(driver, "sim/one")

    assert asked(driver) == ["sim/one"] * 2


@pytest.mark.parametrize("version", [f"sim/one:{HASH}", HASH])
def test_version_is_asked_for_once(driver: Driver, version: str) -> None:
    """It never changes. A bare hash tells its model in the provider's answer."""
    for _ in range(2):
        driver.step("Create", create(driver, version).body["id"])
        driver.clock.passes(100 * 86_400)

    assert asked(driver) == [f"sim/one/versions/{HASH}"]


def test_version_that_came_with_its_model_is_known(driver: Driver) -> None:
    learnt(driver, "sim/one")
    driver.step("Create", create(driver, HASH).body["id"])

    assert asked(driver) == ["sim/one"]


def test_other_processes_know_it_too(driver: Driver) -> None:
    learnt(driver, "sim/one")
    models.models.cache_clear()
    learnt(driver, "sim/one")
    models.models.cache_clear()

    assert asked(driver) == ["sim/one"]
    assert of_model(driver, "sim/one", WRONG).status == 422


def test_what_was_learnt_and_is_gone_hurts_nothing(driver: Driver) -> None:
    """A long schema lies in the bucket, which somebody may have emptied."""
    schema = {"components": {"schemas": {"Input": {"required": ["x"], "description": "x" * 20_000}}}}
    body = {"owner": "sim", "name": "one", "latest_version": {"id": HASH, "openapi_schema": schema}}
    driver.fault("model", "status", status=200, body=body)
    learnt(driver, "sim/one")
    assert of_model(driver, "sim/one").status == 422
    for stored in driver.stored_keys("models/"):
        aws.s3().delete_object(Bucket=settings.bucket_name(), Key=stored)
    models.models.cache_clear()

    assert of_model(driver, "sim/one").status == 201
    assert create(driver, HASH).status == 201


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 404}),
        ("throttle", {"seconds": 3}),
        ("drop_before", {}),
        ("half_json", {}),
        ("html", {}),
        ("status", {"status": 200, "body": []}),
        ("status", {"status": 200, "body": {"latest_version": "x"}}),
        ("status", {"status": 200, "body": {"latest_version": {"id": 5, "openapi_schema": 7}}}),
        ("status", {"status": 200, "body": {"latest_version": {"id": HASH, "openapi_schema": {"components": 1}}}}),
    ],
)
def test_what_cannot_be_learnt_hurts_nothing(driver: Driver, kind: str, more: Mapping[str, Any]) -> None:
    """The prediction is submitted once and carried on; the next ones are, too."""
    driver.fault("model", kind, times=-1, **more)
    for n in range(3):
        answer = of_model(driver, "sim/one", PICTURE | {"width": 16 + n})
        assert answer.status == 201, answer.text
        assert [state for state, _ in driver.run(answer.body["id"])] == ["Create", "Status", "Finalize"]
        assert driver.read(answer.body["id"])["status"] == "succeeded"

    assert driver.created() == 3
    assert driver.calls()["model"] == 1, "what failed is not asked again at every turn"


def test_what_is_told_slowly_is_not_waited_for(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one call has a short time of its own; then the prediction goes on, and nothing is learnt."""
    monkeypatch.setattr("lumeo.steps.learn.SECONDS", 0.2)
    driver.fault("model", "delay", seconds=1)
    driver.simulator_clock.meanwhile = lambda: time.sleep(1.5)
    answer = driver.step("Create", driver.submit("sim/one"))

    assert (answer["next"], driver.created(), asked(driver)) == ("Status", 1, ["sim/one"])
    assert of_model(driver, "sim/one", WRONG).status == 201


def test_what_is_learnt_is_learnt_after_it_was_submitted(driver: Driver) -> None:
    """Who dies over it has a run that the record knows of."""
    driver.step("Create", driver.submit("sim/one"))

    assert [entry["call"] for entry in driver.simulator.journal()] == ["create", "model"]


# Inputs


def test_wrong_input_is_refused_at_once(driver: Driver) -> None:
    """In Replicate's words, with all that is wrong; nobody is called, and nothing is made."""
    learnt(driver, "sim/image")
    before, started = driver.calls(), driver.started()
    answer = of_model(driver, "sim/image", {"width": 5, "height": "tall", "seed": 1.5})

    assert (answer.status, answer.body["title"]) == (422, "Input validation failed")
    assert {(fault["type"], fault["field"]) for fault in answer.body["invalid_fields"]} == {
        ("required", "input"),
        ("number_gte", "input.width"),
        ("invalid_type", "input.height"),
        ("invalid_type", "input.seed"),
    }
    assert all(fault["description"] in answer.body["detail"] for fault in answer.body["invalid_fields"])
    assert (driver.calls(), driver.started()) == (before, started)


@pytest.mark.parametrize("version", ["sim/one", f"sim/one:{HASH}", HASH])
def test_every_name_of_it_is_checked(driver: Driver, version: str) -> None:
    learnt(driver, "sim/one")

    assert create(driver, version, WRONG).status == 422
    assert create(driver, version).status == 201


def test_unknown_input_is_left_to_the_provider(driver: Driver) -> None:
    """What nobody has asked for yet is not asked for now."""
    answer = of_model(driver, "sim/image", WRONG)
    assert answer.status == 201
    driver.run(answer.body["id"])

    assert driver.outcome(answer.body["id"]) == ("failed", "invalid_input")
    assert asked(driver) == []


def test_name_may_mean_another_version_tomorrow(driver: Driver) -> None:
    """An hour later only a hash is checked."""
    learnt(driver, "sim/one")
    driver.clock.passes(3601)

    assert of_model(driver, "sim/one", WRONG).status == 201
    assert create(driver, "sim/one", WRONG).status == 201
    assert create(driver, HASH, WRONG).status == 422


def test_each_version_by_its_own_schema(driver: Driver) -> None:
    """The model's name stands for the newest."""
    page = driver.call("GET", "/v1/models/sim/versions/versions").body["results"]
    newest, second = page[0]["id"], page[1]["id"]
    for version in (newest, second):
        driver.step("Create", create(driver, f"sim/versions:{version}", PICTURE | {"steps": 1}).body["id"])
    steps = PICTURE | {"steps": 150}

    assert create(driver, newest, steps).status == 201
    assert create(driver, second, steps).status == 422
    assert create(driver, f"sim/versions:{second}", steps).body["invalid_fields"][0] == {
        "type": "number_lte",
        "field": "input.steps",
        "description": "Must be less than or equal to 149",
    }


def test_wrong_input_is_no_prediction_of_its_key(driver: Driver) -> None:
    """Who corrects it may use the key again."""
    learnt(driver, "sim/one")
    path, named = "/v1/models/sim/one/predictions", {"Idempotency-Key": "k"}

    assert driver.call("POST", path, {"input": WRONG}, headers=named).status == 422
    assert driver.call("POST", path, {"input": PICTURE}, headers=named).status == 201


def test_file_in_place_of_a_text_is_what_the_schema_wants(driver: Driver) -> None:
    """`format: uri` is for the provider to check."""
    learnt(driver, "sim/copy")

    assert of_model(driver, "sim/copy", {"image": "https://example.com/a.png"}).status == 201
    assert of_model(driver, "sim/copy", {"image": 5}).status == 422


# What may be run


@pytest.fixture
def pinned(driver: Driver) -> Iterator[Driver]:
    with variables({"VERSION_POLICY": "pinned"}):
        yield driver


def test_only_what_is_pinned(pinned: Driver) -> None:
    assert create(pinned, HASH).status == 201
    assert create(pinned, f"sim/one:{HASH}").status == 201
    for answer in (create(pinned, "sim/one"), of_model(pinned, "sim/one"), create(pinned, "sim/one:latest")):
        assert (answer.status, answer.body["title"]) == (422, "Version not pinned")
        assert "GET /v1/models/sim/one says which there are" in answer.body["detail"]
    assert create(pinned, "latest").status == 422
    assert len(pinned.started()) == 2


def test_what_is_to_be_pinned_is_said(pinned: Driver) -> None:
    pinned.call("GET", "/v1/models/sim/one")
    for answer in (create(pinned, "sim/one"), of_model(pinned, "sim/one")):
        assert answer.body["detail"].endswith(f"write sim/one:{HASH}")
        assert answer.body["invalid_fields"][0]["field"] == "version"


def test_catalogue_is_pinned_by_its_owner(pinned: Driver) -> None:
    """Whose name is in the catalogue, which may name a model without versions too."""
    assert of_model(pinned, "lumeo/picture").status == 201
    assert create(pinned, "picture").status == 201


def test_only_what_is_in_the_catalogue(driver: Driver) -> None:
    with variables({"VERSION_POLICY": "catalogue"}):
        for allowed in ("picture", "lumeo/picture"):
            assert create(driver, allowed).status == 201
        assert of_model(driver, "lumeo/picture").status == 201
        deployment = driver.call("POST", "/v1/deployments/sim/deployment/predictions", {"input": PICTURE})
        for answer in (create(driver, HASH), create(driver, "sim/image"), of_model(driver, "sim/image"), deployment):
            assert (answer.status, answer.body["title"]) == (422, "Not in the catalogue")
            assert "lumeo/picture, lumeo/pictures" in answer.body["detail"]
        for path in ("sim/image", f"sim/one/versions/{HASH}", "sim/image/versions", "lumeo/nothing"):
            assert driver.call("GET", f"/v1/models/{path}").status == 404, path
    assert len(driver.started()) == 3


# The catalogue


def test_model_of_the_catalogue(driver: Driver) -> None:
    """Under its own name, with its defaults and its deadline; what it stands for is the provider's business."""
    answer = of_model(driver, "lumeo/pictures", {"prompt": "a corgi"})
    assert (answer.status, answer.body["model"], answer.body["warnings"]) == (201, "lumeo/pictures", [])
    assert answer.body["input"] == {"prompt": "a corgi", "num_outputs": 4}
    assert answer.body["deadline"] == "2026-11-21T10:05:00.000Z"
    driver.run(answer.body["id"])
    shown = driver.read(answer.body["id"])

    assert (shown["status"], shown["model"], len(shown["output"])) == ("succeeded", "lumeo/pictures", 4)
    assert shown["version"] == MODELS["sim/many"].version
    assert shown["warnings"] == []
    assert sent(driver) == [("/v1/predictions", MODELS["sim/many"].version)]


def test_defaults_may_be_said_otherwise(driver: Driver) -> None:
    answer = of_model(driver, "lumeo/pictures", PICTURE | {"num_outputs": 2})
    driver.run(answer.body["id"])

    assert len(driver.read(answer.body["id"])["output"]) == 2


@pytest.mark.parametrize(("after", "deadline"), [("30", "10:00:30"), ("10m", "10:05:00")])
def test_deadline_of_the_catalogue_can_only_be_shortened(driver: Driver, after: str, deadline: str) -> None:
    body = {"version": "pictures", "input": PICTURE}
    answer = driver.call("POST", "/v1/predictions", body, headers={"Cancel-After": after})

    assert answer.body["deadline"] == f"2026-11-21T{deadline}.000Z"
    assert driver.record(answer.body["id"]).deadline_by == ("caller" if after == "30" else "default")


def test_input_of_the_catalogue_is_checked_with_its_defaults(driver: Driver) -> None:
    learnt(driver, "lumeo/pictures")

    assert of_model(driver, "lumeo/pictures", {"prompt": "x"}).status == 201
    assert of_model(driver, "lumeo/pictures", {"prompt": "x", "num_outputs": 65}).status == 422


def test_catalogue_of_the_owners_own(driver: Driver, tmp_path: Path) -> None:
    """One version, by its hash; and a mistake in it is ours, not the caller's."""
    path = tmp_path / "own.toml"
    path.write_text(f'portrait = "sim/one:{HASH}"\n')
    with variables({"CATALOGUE_FILE": str(path)}):
        answer = create(driver, "portrait")
        driver.run(answer.body["id"])
        assert driver.read(answer.body["id"])["version"] == HASH
        assert sent(driver) == [("/v1/predictions", HASH)]
        assert asked(driver) == [f"sim/one/versions/{HASH}"]
        assert of_model(driver, "lumeo/portrait", WRONG).status == 422
    path.write_text("portrait = 5\n")
    with variables({"CATALOGUE_FILE": str(path)}):
        assert create(driver, "portrait").status == 500
    assert settings.catalogue_file() != str(path)
