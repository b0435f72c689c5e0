"""Holds what goes through the gateway against openapi.yaml: each answer, and each request that was not refused."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator
from werkzeug.wrappers import Request, Response

DOCUMENT = Path(__file__).parent.parent / "layers" / "lumeo" / "lumeo" / "openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
UNSAID_HEADERS = {"content-type", "content-length"}
"""Headers of an answer that OpenAPI has other words for."""

Json = Mapping[str, Any]


class BrokenContract(AssertionError):
    """A request was answered as the document does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of the API. Its parts are as in the document, references to all but schemas followed."""

    id: str
    secured: bool
    parameters: tuple[Json, ...]
    body: Json | None
    responses: Mapping[str, Json]


class Document:
    """An OpenAPI document. `operations` by `GET /v1/predictions/{id}`; `webhooks`, our own calls, by their names."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.operations = {
            f"{method.upper()} {path}": self._operation(item, item[method])
            for path, item in content["paths"].items()
            for method in item
            if method in METHODS
        }
        self.webhooks = {name: self._operation(item, item["post"]) for name, item in content["webhooks"].items()}
        self._validators: dict[tuple[str, bool], Draft202012Validator] = {}

    def follow(self, part: Json) -> Json:
        """A part of the document, or what it refers to."""
        while "$ref" in part:
            found: Any = self.content
            for token in part["$ref"].split("/")[1:]:
                found = found[token]
            part = found
        return part

    def faults(self, schema: Json, value: Any, *, formats: bool = True) -> list[str]:
        """All in which `value` is not as a schema says. `formats`: whether its `format` is more than a hint."""
        made = (json.dumps(schema), formats)
        if made not in self._validators:
            # Its references start at the document's root.
            whole = {**schema, "components": self.content["components"]}
            self._validators[made] = Draft202012Validator(whole, validate_formats=formats)
        found = self._validators[made].iter_errors(value)
        return [f"/{'/'.join(map(str, error.instance_path))}: {error.message:.500}" for error in found]

    def _operation(self, item: Json, operation: Json) -> Operation:
        declared = [*item.get("parameters", []), *operation.get("parameters", [])]
        return Operation(
            id=operation["operationId"],
            secured=bool(operation.get("security", self.content["security"])),
            parameters=tuple(self.follow(parameter) for parameter in declared),
            body=self.follow(operation["requestBody"]) if "requestBody" in operation else None,
            responses={status: self.follow(response) for status, response in operation["responses"].items()},
        )


class Contract:
    """What callers may rely on."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def check(self, route: str, path: Mapping[str, str], request: Request, response: Response) -> None:
        """Raises BrokenContract unless the document says so. `route`: API Gateway's key; `path`: its parameters."""
        found = list(self._faults(route, path, request, response))
        if found:
            called = f"{request.method} {request.full_path} → {response.status_code}"
            raise BrokenContract("\n".join([f"{called}, which openapi.yaml does not say:", *found]))

    def webhook_faults(self, name: str, headers: Mapping[str, str], body: bytes) -> list[str]:
        """All in which a call of ours is not as the document says. `headers` by their names in lower case."""
        webhook = self._document.webhooks[name]
        assert webhook.body
        schema = webhook.body["content"]["application/json"]["schema"]
        found = self._parameters(webhook, lambda parameter: headers.get(parameter["name"].lower()))
        return [*found, *self._json("body", schema, body.decode())]

    def _faults(self, route: str, path: Mapping[str, str], request: Request, response: Response) -> Iterable[str]:
        if route != "$default" and "/v1/" not in route:
            # The gallery is for people.
            return
        if route == "$default":
            yield from self._answer(_NOT_FOUND, response)
            return
        operation = self._document.operations[route]
        yield from self._answer(operation.responses, response)
        if response.status_code < 400:
            yield from self._request(operation, path, request)

    def _answer(self, responses: Mapping[str, Json], response: Response) -> Iterable[str]:
        declared = responses.get(str(response.status_code))
        if declared is None:
            yield f"status {response.status_code}"
            return
        yield from self._headers(declared.get("headers", {}), response)
        content, text = declared.get("content", {}), response.get_data(as_text=True)
        if not content:
            yield from [f"a body: {text:.200}"] if text else []
        elif response.mimetype not in content:
            yield f"content type {response.mimetype}"
        else:
            yield from self._json("body", content[response.mimetype]["schema"], text)

    def _headers(self, declared: Mapping[str, Json], response: Response) -> Iterable[str]:
        known = {name.lower() for name in declared} | UNSAID_HEADERS
        yield from (f"header {name}" for name in response.headers.keys() if name.lower() not in known)  # noqa: SIM118
        for name, reference in declared.items():
            header = self._document.follow(reference)
            if name in response.headers:
                faults = self._document.faults(header["schema"], response.headers[name])
                yield from (f"header {name}{fault}" for fault in faults)
            elif header.get("required"):
                yield f"no header {name}"

    def _request(self, operation: Operation, path: Mapping[str, str], request: Request) -> Iterable[str]:
        """What should have been refused."""
        if operation.secured and not request.headers.get("Authorization"):
            yield "no API key"
        yield from self._parameters(operation, lambda parameter: _sent(parameter, path, request))
        if operation.body:
            yield from self._body(operation.body, request)

    def _parameters(self, operation: Operation, sent: Callable[[Json], str | None]) -> Iterable[str]:
        for parameter in operation.parameters:
            name, value = f"{parameter['in']} parameter {parameter['name']}", sent(parameter)
            if value is not None:
                faults = self._document.faults(parameter["schema"], value, formats=False)
                yield from (f"{name}{fault}" for fault in faults)
            elif parameter.get("required"):
                yield f"no {name}"

    def _body(self, declared: Json, request: Request) -> Iterable[str]:
        # By what is wanted, not by what it says it is: `curl -d` says that JSON is a form.
        ((kind, media),) = declared["content"].items()
        if kind == "multipart/form-data":
            faults = self._document.faults(media["schema"], _parts(request), formats=False)
            yield from (f"request's parts{fault}" for fault in faults)
        elif request.get_data() or declared.get("required"):
            yield from self._json("request's body", media["schema"], request.get_data(as_text=True), formats=False)

    def _json(self, what: str, schema: Json, text: str, *, formats: bool = True) -> Iterable[str]:
        try:
            value = json.loads(text, parse_constant=_refuse)
        except ValueError:
            yield f"{what} that is not JSON: {text:.200}"
        else:
            yield from (f"{what}{fault}" for fault in self._document.faults(schema, value, formats=formats))


@cache
def document() -> Document:
    """Our own, read once."""
    return Document(yaml.load(DOCUMENT.read_text(), Loader=yaml.CSafeLoader))


@cache
def contract() -> Contract:
    return Contract(document())


_NOT_FOUND: Mapping[str, Json] = {
    "404": {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
}
"""The answer of every path that is none."""


def _sent(parameter: Json, path: Mapping[str, str], request: Request) -> str | None:
    name = parameter["name"]
    match parameter["in"]:
        case "path":
            return path[name]
        case "query":
            # API Gateway joins those that come twice, and the first counts; beside a cursor, none does.
            ignored = name != "cursor" and request.args.get("cursor")
            return request.args[name].partition(",")[0] if name in request.args and not ignored else None
        case _:
            value = request.headers.get(name)
            return value.strip() if value else None


def _parts(request: Request) -> dict[str, Any]:
    """The parts of a form as texts, whether they come as files or as fields; JSON read where it is expected."""
    parts: dict[str, Any] = {name: file.read().decode(errors="replace") for name, file in request.files.items()}
    parts |= dict(request.form.items())
    request.close()
    if "metadata" in parts:
        with suppress(ValueError):
            parts["metadata"] = json.loads(parts["metadata"].strip() or "{}")
    return parts


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
