"""The simulator as a web application: routes, and around each request its journal entry and its fault."""

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from local.simulator import effects, parsing
from local.simulator.api import Api, asked_model
from local.simulator.control import Control
from local.simulator.errors import ApiError, body_for
from local.simulator.files import Files
from local.simulator.journal import Entry
from local.simulator.reply import reply
from local.simulator.world import Simulator
from lumeo import clock

CALLS = {
    "api.create": "create",
    "api.create_for_model": "create",
    "api.create_deployed": "create",
    "api.list": "list",
    "api.get": "get",
    "api.cancel": "cancel",
    "api.model": "model",
    "api.versions": "model",
    "api.version": "model",
    "api.account": "account",
    "api.secret": "secret",
    "files.file": "file",
}
CREATES_A_MINUTE = 600
OTHERS_A_MINUTE = 3000


def create_app(simulator: Simulator, trust: str | None = None) -> Flask:
    """The WSGI application of a simulator; `trust`: a file of certificates to trust where runs read files."""
    app = Flask("local.simulator", static_folder=None)
    app.register_blueprint(Api(simulator, trust).blueprint(), url_prefix="/v1")
    app.register_blueprint(Files(simulator).blueprint(), url_prefix="/files")
    app.register_blueprint(Control(simulator).blueprint(), url_prefix="/_sim")
    app.register_error_handler(ApiError, lambda error: reply(error.body, error.status))
    app.register_error_handler(HTTPException, _http_error)
    gate = Gate(simulator)
    app.before_request(gate.enter)
    app.after_request(gate.leave)
    return app


class Gate:
    """What every request to Replicate's side passes on its way in and out."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def enter(self) -> Response | None:
        """Write the request down; answer at once if a fault has it so; ask for the token."""
        if _is_the_tests_own():
            return None
        g.entry = self._entry()
        self.simulator.arrived(g.entry)
        g.fault = self.simulator.hit(g.entry)
        refused = effects.instead(g.fault, self.simulator.clock) if g.fault else None
        if refused is not None:
            return refused
        if request.path.startswith("/v1/"):
            parsing.check_token(request.headers.get("Authorization"), self.simulator.token)
        return None

    def leave(self, answer: Response) -> Response:
        """Let the fault at the answer, and write down what it became."""
        if _is_the_tests_own():
            return answer
        if g.fault is not None:
            answer = effects.spoiled(answer, g.fault, self.simulator.clock)
        if request.path.startswith("/v1/"):
            limit = CREATES_A_MINUTE if g.entry.call == "create" else OTHERS_A_MINUTE
            answer.headers.setdefault("ratelimit-remaining", str(limit - 1))
            answer.headers.setdefault("ratelimit-reset", "1")
        g.entry.status = None if isinstance(answer, effects.Reset) else answer.status_code
        return answer

    def _entry(self) -> Entry:
        prediction_id = (request.view_args or {}).get("prediction_id")
        prediction = self.simulator.find(prediction_id) if prediction_id else None
        return Entry(
            at=clock.stamp(self.simulator.now()),
            call=CALLS.get(request.endpoint or ""),
            method=request.method,
            path=request.full_path.rstrip("?"),
            model=prediction.model if prediction else asked_model(request.view_args),
            prediction=prediction_id,
            headers=dict(request.headers),
        )


def _is_the_tests_own() -> bool:
    return request.path.startswith("/_sim/")


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    return reply(body_for(status), status)
