"""What a create call asks for: by which name, whether the policy lets it, and what is known of it without a call."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from lumeo.catalogue import Entry
from lumeo.errors import ApiError
from lumeo.models import FRESH_SECONDS, models
from lumeo.steps.target import Target, by_deployment, by_model, by_version, check_input
from tests.conftest import TestClock
from tests.unit.make import TEXTS

HASH = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
SCHEMA = {"components": {"schemas": {"Input": {"required": ["prompt"]}}}}
VERSION: dict[str, Any] = {"id": HASH, "openapi_schema": SCHEMA}
ENTRY = Entry(name="portrait", version=f"acme/fast:{HASH}", deadline=600, input={"prompt": "a face", "tags": ["x"]})
TOKENS = [f"r8_{'a' * 37}", f"lum_{'a' * 43}"]

pytestmark = pytest.mark.usefixtures("cloud", "test_clock")


@pytest.fixture(autouse=True)
def _catalogue(cloud: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(
        f'[portrait]\nversion = "{ENTRY.version}"\ndeadline = "10m"\ninput = {{prompt = "a face", tags = ["x"]}}\n'
    )
    monkeypatch.setenv("CATALOGUE_FILE", str(path))


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("VERSION_POLICY", request.param)


def under(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("policy", [name], indirect=True)


def refused(ask: Any, *asked: Any) -> dict[str, Any]:
    """The answer to a name that may not be run."""
    with pytest.raises(ApiError) as caught:
        ask(*asked)
    return caught.value.body()


def learnt(version: dict[str, Any] = VERSION) -> None:
    models().keep("replicate", "acme/fast", {"owner": "acme", "name": "fast", "latest_version": version})


class TestNames:
    @pytest.mark.parametrize(
        "version", [HASH, "acme/fast", f"acme/fast:{HASH}", "acme/fast:main", "main", "A.c-m_e/1", "5c7d5dc6"]
    )
    def test_a_version_is_taken_as_it_was_said(self, version: str) -> None:
        assert by_version("replicate", version) == Target(version=version)

    @pytest.mark.parametrize(
        "version",
        [
            pytest.param("", id="nothing"),
            pytest.param(" acme/fast", id="a space before it"),
            pytest.param("acme/fast\n", id="a line's end"),
            pytest.param("acme/", id="no name"),
            pytest.param("/fast", id="no owner"),
            pytest.param("acme/fast:", id="no hash behind the colon"),
            pytest.param("acme/fast:x:y", id="two colons"),
            pytest.param(":main", id="a hash alone behind a colon"),
            pytest.param("acme/fast/versions/x", id="a path"),
            pytest.param("../fast", id="a way out"),
            pytest.param("acme/fast?x=y", id="a query"),
            pytest.param("acme/f%2fst", id="something escaped"),
            pytest.param("\u00e4cme/fast", id="a letter that is none of ASCII"),
            pytest.param("a" * 257, id="too long"),
            *(pytest.param(f"acme/{token}", id=f"a token, {token[:3]}") for token in TOKENS),
            pytest.param(f"acme/fast:{TOKENS[0]}", id="a token as hash"),
        ],
    )
    def test_a_version_that_is_none(self, version: str) -> None:
        answer = refused(by_version, "replicate", version)

        assert answer["status"] == 422
        assert [field["field"] for field in answer["invalid_fields"]] == ["version"]

    def test_a_model_is_taken_as_it_was_said(self) -> None:
        assert by_model("replicate", "acme/fast") == Target(model="acme/fast")

    def test_a_deployment_is_taken_as_it_was_said(self) -> None:
        assert by_deployment("acme/fast") == Target(deployment="acme/fast")

    @pytest.mark.parametrize(
        "name",
        ["", "acme", "acme/", "/fast", "acme/..", "./fast", "acme/fast/x", "acme/f st", "acme/f\u00e4st", "acme/fast\n"]
        + [f"acme/{token}" for token in TOKENS],
    )
    def test_a_model_or_deployment_that_is_none(self, name: str) -> None:
        assert refused(by_model, "replicate", name)["status"] == 404
        assert refused(by_deployment, name)["status"] == 404

    @given(TEXTS)
    def test_any_text_is_a_version_or_refused(self, text: str) -> None:
        try:
            found = by_version("replicate", text)
        except ApiError:
            return
        assert found.version in {text, ENTRY.version}


class TestCatalogue:
    @pytest.mark.parametrize("policy", ["any", "pinned", "catalogue"], indirect=True)
    @pytest.mark.usefixtures("policy")
    def test_its_models_may_be_run_by_each_of_their_names(self) -> None:
        found = [
            by_version("replicate", "portrait"),
            by_version("replicate", "lumeo/portrait"),
            by_model("replicate", "lumeo/portrait"),
        ]

        assert found == [
            Target(model="lumeo/portrait", version=ENTRY.version, defaults=ENTRY.input, deadline=600)
        ] * len(found)

    def test_another_owners_is_another(self) -> None:
        assert by_model("replicate", "acme/portrait") == Target(model="acme/portrait")

    def test_its_versions_schema_is_known_by_the_hash(self) -> None:
        learnt()

        assert by_version("replicate", "portrait").schema == SCHEMA


class TestPolicy:
    @under("pinned")
    @pytest.mark.usefixtures("policy")
    @pytest.mark.parametrize("version", [HASH, f"acme/fast:{HASH}"])
    def test_pinned_takes_a_hash(self, version: str) -> None:
        assert by_version("replicate", version).version == version

    @under("pinned")
    @pytest.mark.usefixtures("policy")
    @pytest.mark.parametrize(
        "version", ["acme/fast", "acme/fast:main", "main", HASH[1:], HASH.upper(), f"acme/fast:{HASH}0"]
    )
    def test_pinned_takes_nothing_else(self, version: str) -> None:
        answer = refused(by_version, "replicate", version)

        assert (answer["status"], answer["title"]) == (422, "Version not pinned")
        assert [field["field"] for field in answer["invalid_fields"]] == ["version"]

    @under("pinned")
    @pytest.mark.usefixtures("policy")
    def test_pinned_takes_no_model_and_says_what_to_write(self) -> None:
        """Where it is known, however long ago it was read: who pins wants one that there was."""
        before = refused(by_model, "replicate", "acme/fast")
        learnt()

        after = refused(by_model, "replicate", "acme/fast")

        assert before["detail"].endswith("GET /v1/models/acme/fast says which there are")
        assert after["detail"].endswith(f"write acme/fast:{HASH}")

    @under("pinned")
    @pytest.mark.usefixtures("policy")
    def test_pinned_takes_a_deployment(self) -> None:
        """It names its version by itself."""
        assert by_deployment("acme/fast") == Target(deployment="acme/fast")

    @pytest.mark.parametrize("policy", ["any", "pinned", "catalogue"], indirect=True)
    @pytest.mark.usefixtures("policy")
    def test_a_name_of_ours_is_nobody_elses(self) -> None:
        """Whoever registered it at the provider must not be run for an entry that is gone."""
        assert refused(by_model, "replicate", "lumeo/landscape")["status"] == 404
        assert refused(by_version, "replicate", "lumeo/landscape")["title"] == "Not in the catalogue"
        assert refused(by_version, "replicate", f"lumeo/landscape:{HASH}")["title"] == "Not in the catalogue"

    @under("catalogue")
    @pytest.mark.usefixtures("policy")
    @pytest.mark.parametrize(
        ("ask", "asked"),
        [
            pytest.param(by_version, ("replicate", HASH), id="hash"),
            pytest.param(by_version, ("replicate", ENTRY.version), id="the very version"),
            pytest.param(by_version, ("replicate", "acme/fast"), id="name"),
            pytest.param(by_version, ("replicate", "landscape"), id="word"),
            pytest.param(by_model, ("replicate", "acme/fast"), id="model"),
            pytest.param(by_deployment, ("acme/fast",), id="deployment"),
        ],
    )
    def test_catalogue_takes_nothing_else(self, ask: Any, asked: tuple[str, ...]) -> None:
        answer = refused(ask, *asked)

        assert (answer["status"], answer["title"]) == (422, "Not in the catalogue")
        assert answer["detail"].endswith("lumeo/portrait")

    @under("catalogue")
    @pytest.mark.usefixtures("policy")
    def test_names_that_are_none_are_told_so_first(self) -> None:
        assert refused(by_version, "replicate", "acme/")["title"] == "Input validation failed"
        assert refused(by_model, "replicate", "acme/..")["status"] == 404


class TestKnown:
    def test_nothing_is_known_at_first(self) -> None:
        assert by_version("replicate", f"acme/fast:{HASH}").schema is None

    @pytest.mark.parametrize("version", [HASH, f"acme/fast:{HASH}"])
    def test_a_versions_schema_is_known_for_ever(self, test_clock: TestClock, version: str) -> None:
        learnt()
        test_clock.passes(365 * 86_400)

        found = by_version("replicate", version)

        assert found == Target(version=version, schema=SCHEMA)

    def test_another_versions_is_not(self) -> None:
        learnt()

        assert by_version("replicate", OTHER).schema is None

    def test_what_a_name_means_is_known_for_an_hour(self, test_clock: TestClock) -> None:
        learnt()
        test_clock.passes(FRESH_SECONDS - 1)

        assert by_version("replicate", "acme/fast") == Target(version="acme/fast", latest=HASH, schema=SCHEMA)
        assert by_model("replicate", "acme/fast") == Target(model="acme/fast", latest=HASH, schema=SCHEMA)

    def test_and_not_after_it(self, test_clock: TestClock) -> None:
        learnt()
        test_clock.passes(FRESH_SECONDS)

        assert by_version("replicate", "acme/fast") == Target(version="acme/fast")
        assert by_model("replicate", "acme/fast") == Target(model="acme/fast")

    @pytest.mark.parametrize(
        ("version", "latest"),
        [
            ({"id": "hidden", "openapi_schema": SCHEMA}, None),
            ({"id": 7, "openapi_schema": SCHEMA}, None),
            ({"openapi_schema": SCHEMA}, None),
        ],
    )
    def test_an_official_model_has_a_schema_and_no_hash(self, version: dict[str, Any], latest: str | None) -> None:
        learnt(version)

        assert by_model("replicate", "acme/fast") == Target(model="acme/fast", latest=latest, schema=SCHEMA)

    @pytest.mark.parametrize("version", [None, "x", [], {}, {"id": HASH}, {"id": HASH, "openapi_schema": None}])
    def test_what_says_nothing_is_not_known(self, version: Any) -> None:
        learnt(version)

        assert by_model("replicate", "acme/fast").schema is None

    def test_of_a_deployment_nothing_is(self) -> None:
        learnt()

        assert by_deployment("acme/fast").schema is None


class TestInput:
    def test_what_its_schema_does_not_take(self) -> None:
        learnt()

        answer = refused(check_input, by_version("replicate", HASH), {})

        assert answer == {
            "title": "Input validation failed",
            "detail": "- input: prompt is required\n",
            "status": 422,
            "invalid_fields": [{"type": "required", "field": "input", "description": "prompt is required"}],
        }

    def test_without_a_schema_everything_passes(self) -> None:
        check_input(by_version("replicate", HASH), {})
