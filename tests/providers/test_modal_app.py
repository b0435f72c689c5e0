"""docs/modal_app.py answers what declarations/modal.yaml reads. Modal and FastAPI are stood in for: neither is here."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lumeo.errors import ErrorCode
from lumeo.prediction import Snapshot, Status
from lumeo.providers import reading
from lumeo.providers.http import Answer
from tests.providers.declared import declaration

FILE = Path(__file__).parents[2] / "docs/modal_app.py"
CALL = "fc-01K9ZQ4T7N3V8XBYWCRD5E6FGH"
URL = f"https://acme--reference.modal.run/result/{CALL}"


class ModalError(Exception):
    """As modal.exception.Error, from which all others derive; none of them is a TimeoutError of Python's."""


class Expired(ModalError):
    pass


class FunctionTimedOut(ModalError):
    pass


class NotThere(ModalError):
    pass


class Unreachable(ModalError):
    pass


class Terminated(ModalError):
    """A RemoteError, which is what comes of a call that was canceled."""


class OlderExpired(Expired, TimeoutError):
    """In case that it is a TimeoutError too, in some version."""


class OlderFunctionTimedOut(FunctionTimedOut, TimeoutError):
    """As `OlderExpired`."""


class Modal:
    """As much of Modal as the app uses: one call, and how it ends."""

    def __init__(self) -> None:
        self.end: Any = TimeoutError()
        self.spawned: list[Any] = []
        self.options: dict[str, Any] = {}

    def module(self) -> ModuleType:
        names = {"OutputExpiredError": Expired, "NotFoundError": NotThere, "Error": ModalError}
        names |= {"ConnectionError": Unreachable, "ServiceError": Unreachable}
        module = ModuleType("modal")
        for name, value in {
            "App": lambda _: SimpleNamespace(function=self._function),
            "Image": SimpleNamespace(debian_slim=lambda **_: SimpleNamespace(uv_pip_install=lambda *_: None)),
            "Dict": SimpleNamespace(from_name=lambda _, **__: {}),
            "FunctionCall": SimpleNamespace(from_id=lambda _: SimpleNamespace(get=self._get, cancel=self._cancel)),
            "concurrent": lambda **_: lambda function: function,
            "asgi_app": self._asgi_app,
            "exception": SimpleNamespace(**names),
        }.items():
            setattr(module, name, value)
        return module

    def _function(self, **_: Any) -> Callable[[Any], Any]:
        return lambda function: SimpleNamespace(local=function, spawn=self._spawn)

    def _asgi_app(self, **options: Any) -> Callable[[Any], Any]:
        self.options = options
        return lambda function: function

    def _spawn(self, given: Any) -> Any:
        self.spawned.append(given)
        return SimpleNamespace(object_id=CALL)

    def _get(self, *, timeout: float) -> Any:
        assert timeout == 0, "a look does not wait"
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def _cancel(self) -> None:
        self.end = Terminated()


class Web:
    """As much of FastAPI: its routes, by method and path."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], tuple[Callable[..., Any], int]] = {}

    def get(self, path: str, status_code: int = 200) -> Callable[[Any], Any]:
        return self._route("GET", path, status_code)

    def post(self, path: str, status_code: int = 200) -> Callable[[Any], Any]:
        return self._route("POST", path, status_code)

    def _route(self, method: str, path: str, status: int) -> Callable[[Any], Any]:
        def added(function: Callable[..., Any]) -> Callable[..., Any]:
            self.routes[method, path] = (function, status)
            return function

        return added


class Response:
    """A file."""

    def __init__(self, body: bytes, status: int, media_type: str) -> None:
        self.body = body
        self.answer = Answer(status, {"content-type": media_type}, "", None, binary=True)


class JSONResponse:
    def __init__(self, body: Any, status: int) -> None:
        self.answer = Answer(status, {"content-type": "application/json"}, json.dumps(body), body)


@pytest.fixture
def modal(monkeypatch: pytest.MonkeyPatch) -> Modal:
    stand_in = Modal()
    fastapi, responses = ModuleType("fastapi"), ModuleType("fastapi.responses")
    vars(fastapi)["FastAPI"] = Web
    vars(responses).update(Response=Response, JSONResponse=JSONResponse)
    for module in (stand_in.module(), fastapi, responses):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return stand_in


@pytest.fixture
def app(modal: Modal) -> Any:
    found = importlib.util.spec_from_file_location("modal_app", FILE)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def web(app: Any) -> Web:
    made = app.api.local()
    assert isinstance(made, Web)
    return made


def look(web: Web) -> Answer:
    result, _ = web.routes["GET", "/result/{call_id}"]
    answer: Answer = result(CALL).answer
    return answer


def read(answer: Answer) -> Snapshot:
    """What the declaration makes of a look that got an answer."""
    assert declaration("modal").status.takes(answer.status)
    return reading.snapshot(declaration("modal"), {"id": CALL, "result": None} | reading.answered(answer, URL))


def test_it_has_the_routes_that_are_asked_for(web: Web) -> None:
    declared = declaration("modal")
    assert declared.cancel
    sends = [declared.submit.call.send, declared.status.send, declared.cancel.call.send]
    asked = {(send.method, send.url.text.removeprefix("{base}").replace("{id}", "{call_id}")) for send in sends}

    assert set(web.routes) == asked


def test_nobody_gets_in_without_the_token(app: Any, modal: Modal) -> None:
    assert modal.options == {"requires_proxy_auth": True}


def test_a_submission_starts_a_call(web: Web, modal: Modal) -> None:
    submit, status = web.routes["POST", "/submit"]
    body = submit({"prompt": "a corgi"})

    assert declaration("modal").submit.call.takes(status)
    assert declaration("modal").submit.id.of({"body": body}) == CALL
    assert modal.spawned == [{"prompt": "a corgi"}]


def test_what_it_returns_is_the_output(app: Any, web: Web, modal: Modal) -> None:
    modal.end = app.run.local({"prompt": "a corgi"})
    found = read(look(web))

    assert (found.status, found.output) == (Status.SUCCEEDED, {"text": "You asked for a corgi"})


def test_bytes_are_a_file(web: Web, modal: Modal) -> None:
    modal.end = b"\x89PNG"
    result, _ = web.routes["GET", "/result/{call_id}"]
    response = result(CALL)
    answer = response.answer
    found = read(answer)

    assert response.body == b"\x89PNG"
    assert answer.headers["content-type"] == "image/png"
    assert (found.status, found.output) == (Status.SUCCEEDED, URL)
    assert [file.keyed for file in reading.found(declaration("modal"), found.output)] == [True]


def test_nothing_is_an_output_too(web: Web, modal: Modal) -> None:
    modal.end = None

    assert read(look(web)).status is Status.SUCCEEDED


def test_it_runs_until_it_has_ended(web: Web) -> None:
    answer = look(web)

    assert answer.status == 202
    assert read(answer).status is Status.PROCESSING


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), FunctionTimedOut("an hour"), OlderFunctionTimedOut("an hour"), Terminated()],
    ids=lambda e: type(e).__name__,
)
def test_what_raised_has_failed(web: Web, modal: Modal, error: Exception) -> None:
    modal.end = error
    found = read(look(web))

    assert (found.status, found.code) == (Status.FAILED, ErrorCode.GENERATION_FAILED)
    assert found.error == f"{type(error).__name__}: {error}"


def test_a_time_out_of_its_own_has_failed(app: Any, web: Web, modal: Modal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's, say: as it is, it could not be told from *not yet*, and would be asked for all day."""

    def generate(given: Any) -> None:
        raise TimeoutError("the download took too long")

    monkeypatch.setattr(app, "generate", generate)
    with pytest.raises(RuntimeError) as raised:
        app.run.local({})
    modal.end = raised.value

    assert read(look(web)).status is Status.FAILED


@pytest.mark.parametrize("error", [Expired(), OlderExpired(), NotThere("no such call")], ids=lambda e: type(e).__name__)
def test_what_expired_is_gone(web: Web, modal: Modal, error: Exception) -> None:
    modal.end = error

    assert look(web).status == 404
    assert declaration("modal").gone is ErrorCode.OUTPUT_EXPIRED


def test_trouble_of_modals_own_says_nothing_of_the_call(web: Web, modal: Modal) -> None:
    modal.end = Unreachable("the control plane is away")
    answer = look(web)

    assert answer.status == 503
    assert not declaration("modal").status.takes(answer.status)


def test_a_cancel_shows_in_the_next_look(web: Web) -> None:
    cancel, status = web.routes["POST", "/cancel/{call_id}"]
    cancel(CALL)
    declared = declaration("modal").cancel

    assert declared
    assert declared.call.takes(status)
    assert read(look(web)).status is Status.CANCELED


def test_a_cancel_that_came_too_late_changes_nothing(web: Web, modal: Modal) -> None:
    cancel, _ = web.routes["POST", "/cancel/{call_id}"]
    cancel(CALL)
    modal.end = {"text": "done"}

    assert read(look(web)).status is Status.SUCCEEDED
