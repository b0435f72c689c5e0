"""Calls a function, and then AWS as that call did, in turns. A process of its own, without moto.

python -m bench.answering_turns TURNS < what was recorded; prints the seconds of each.
"""

import importlib
import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler import Response as PowertoolsResponse
from botocore import xform_name

from local.functions import Context
from lumeo.routes import Answer, Request, Routes, no_content
from lumeo.telemetry import invocation

WARM = 50


def main() -> None:
    turns, recorded = int(sys.argv[1]), json.load(sys.stdin)
    ours = handler(recorded["function"], recorded["event"])
    ways = {"ours": ours, "calls": calls(recorded["calls"]), **empty(recorded["event"])}
    took: dict[str, list[float]] = {name: [] for name in ways}
    with redirect_stdout(io.StringIO()) as logged:
        for turn in range(turns + WARM):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                if turn >= WARM:
                    took[name].append(time.perf_counter() - began)
            logged.seek(0)
    json.dump(took, sys.stdout)


def handler(function: str, event: dict[str, Any]) -> Callable[[], Any]:
    """One invocation. Raises AssertionError for an answer that is an error."""
    invoked = importlib.import_module(f"functions.{function}.app").handler

    def call() -> None:
        answer = invoked(event, Context(function, 512, 30))
        assert answer["statusCode"] < 300, answer

    return call


def calls(recorded: list[tuple[str, str, dict[str, Any]]]) -> Callable[[], Any]:
    """The same calls of AWS by boto3 alone."""
    clients = {service: boto3.client(service) for service, _, _ in recorded}  # type: ignore[call-overload]
    made = [(getattr(clients[service], xform_name(name)), given) for service, name, given in recorded]

    def call() -> None:
        for each, given in made:
            each(**given)

    return call


def empty(event: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """A function with a route that answers nothing: by our router and logger, and by Powertools'."""
    context: Any = Context("empty", 512, 30)
    routes, app = Routes(), APIGatewayHttpResolver()
    routes.to(event["routeKey"])(_nothing)

    @app.route(event["rawPath"], method=[event["requestContext"]["http"]["method"]])
    def nothing() -> PowertoolsResponse[str]:
        return PowertoolsResponse(204, None, "")

    @invocation
    def ours(event: dict[str, Any], context: Any) -> Answer:
        del context
        return routes.answer(event)

    @Logger(service="empty").inject_lambda_context
    def theirs(event: dict[str, Any], context: Any) -> Any:
        return app.resolve(event, context)

    return {"routes": lambda: ours(event, context), "resolver": lambda: theirs(event, context)}


def _nothing(_: Request) -> Answer:
    return no_content()


if __name__ == "__main__":
    main()
