"""Replicate's side of the simulator: `/v1`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g, request

from local.simulator import effects, paging, parsing, schemas, shapes
from local.simulator.errors import ApiError, bad_request, invalid_input
from local.simulator.fetching import fetch
from local.simulator.models import MODELS, OWNER, Model, named_by, versions_of
from local.simulator.prediction import Prediction, Request
from local.simulator.reply import reply
from local.simulator.world import Simulator

DEPLOYMENT = f"{OWNER}/deployment"
DEPLOYED = f"{OWNER}/image"


class Api:
    """The routes. `g.entry` is the journal's entry of the request, `g.fault` what it runs into."""

    def __init__(self, simulator: Simulator, trust: str | None) -> None:
        self.simulator = simulator
        self.trust = trust

    def blueprint(self) -> Blueprint:
        routes = Blueprint("api", __name__)
        rule = routes.add_url_rule
        rule("/predictions", "create", self.create, methods=["POST"])
        rule("/models/<owner>/<name>/predictions", "create_for_model", self.create_for_model, methods=["POST"])
        rule(f"/deployments/{DEPLOYMENT}/predictions", "create_deployed", self.create_deployed, methods=["POST"])
        rule("/predictions", "list", self.list)
        rule("/predictions/<prediction_id>", "get", self.get)
        rule("/predictions/<prediction_id>/cancel", "cancel", self.cancel, methods=["POST"])
        rule("/models/<owner>/<name>", "model", self.model)
        rule("/models/<owner>/<name>/versions", "versions", self.versions)
        rule("/models/<owner>/<name>/versions/<version_id>", "version", self.version)
        rule("/account", "account", self.account)
        rule("/webhooks/default/secret", "secret", self.secret)
        return routes

    def create(self) -> Response:
        body = checked_body(schemas.CREATE_BY_VERSION_BODY)
        model = named_by(body["version"])
        if model is None:
            raise ApiError(422)
        return self._created(model, body)

    def create_for_model(self, owner: str, name: str) -> Response:
        model = known_model(owner, name)
        return self._created(model, checked_body(schemas.CREATE_BODY))

    def create_deployed(self) -> Response:
        return self._created(MODELS[DEPLOYED], checked_body(schemas.CREATE_BODY), deployment=DEPLOYMENT)

    def _created(self, model: Model, body: dict[str, Any], deployment: str | None = None) -> Response:
        asked = run_request(model, body, deployment)
        files = {name: fetch(asked.input[name], self.trust) for name in model.files if name in asked.input}
        prediction = self.simulator.create(replace(asked, files=files))
        g.entry.prediction = prediction.id
        prefer = request.headers.get("Prefer", "").strip()
        seconds = parsing.seconds_to_wait(prefer)
        if not seconds:
            return reply(self.simulator.show(prediction, here(), just_created=True), 201)
        self.simulator.wait(prediction, seconds)
        return reply(self.simulator.show_waited(prediction, here()), 201, {"Preference-Applied": prefer})

    def list(self) -> Response:
        listed = effects.listed(self.simulator.all(), g.fault, self.simulator.now())
        page = paging.page_of(paging.wanted(listed, request.args), request.args)
        return paged(page, [self.simulator.show(prediction, here()) for prediction in page.results])

    def get(self, prediction_id: str) -> Response:
        prediction = self._known(prediction_id)
        self.simulator.read(prediction)
        return reply(self.simulator.show(prediction, here()))

    def cancel(self, prediction_id: str) -> Response:
        prediction = self._known(prediction_id)
        self.simulator.cancel(prediction)
        return reply(self.simulator.show(prediction, here()))

    def model(self, owner: str, name: str) -> Response:
        model = known_model(owner, name)
        return reply(shapes.model_json(model, self.simulator.runs(model.full_name)))

    def versions(self, owner: str, name: str) -> Response:
        every = versions_of(known_model(owner, name))
        if not every:
            raise ApiError(404)
        page = paging.page_of(every, request.args)
        return paged(page, [shapes.version_json(version) for version in page.results])

    def version(self, owner: str, name: str, version_id: str) -> Response:
        model = named_by(f"{owner}/{name}:{version_id}")
        if model is None:
            raise ApiError(404)
        return reply(shapes.version_json(model))

    def account(self) -> Response:
        return reply({"type": "organization", "username": OWNER, "name": "Simulator", "github_url": None})

    def secret(self) -> Response:
        return reply({"key": self.simulator.secret.newest})

    def _known(self, prediction_id: str) -> Prediction:
        prediction = self.simulator.find(prediction_id)
        if prediction is None:
            raise ApiError(404)
        return prediction


def paged(page: paging.Page[Any], results: Sequence[dict[str, Any]]) -> Response:
    """A page as Replicate's JSON, its neighbours' addresses with the filters of this one."""
    query = request.args.to_dict()
    return reply(
        {
            "next": paging.address(request.base_url, query, page.next),
            "previous": paging.address(request.base_url, query, page.previous),
            "results": results,
        }
    )


def here() -> str:
    """The base URL under which the caller reached us."""
    return request.host_url.rstrip("/")


def known_model(owner: str, name: str) -> Model:
    model = MODELS.get(f"{owner}/{name}")
    if model is None:
        raise ApiError(404)
    return model


def asked_model(view_args: dict[str, Any] | None) -> str | None:
    """The model that a request names, in its path or as its body's version."""
    args = view_args or {}
    if "owner" in args:
        return f"{args['owner']}/{args['name']}"
    if request.endpoint == "api.create_deployed":
        return DEPLOYED
    if request.endpoint != "api.create":
        return None
    body = request.get_json(force=True, silent=True)
    version = body.get("version") if isinstance(body, dict) else None
    model = named_by(version) if isinstance(version, str) else None
    return model.full_name if model else None


def checked_body(schema: schemas.Schema) -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise bad_request("JSON parse error")
    wrong = schemas.faults_of(schema, body)
    if wrong:
        raise invalid_input(wrong)
    return body


def run_request(model: Model, body: dict[str, Any], deployment: str | None) -> Request:
    """What the simulator is asked to run, its input checked against the model's schema."""
    wrong = schemas.faults_of(model.input_schema, body["input"], "input")
    if wrong:
        raise invalid_input(wrong)
    return Request(
        model,
        body["input"],
        deployment=deployment,
        cancel_after=parsing.cancel_after(request.headers.get("Cancel-After")),
        webhook=body.get("webhook"),
        webhook_events_filter=body.get("webhook_events_filter"),
        url=here(),
    )
