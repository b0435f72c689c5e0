"""The tests' side of the simulator: `/_sim`."""

from typing import Any

from flask import Blueprint, Response, request

from local.simulator.api import here
from local.simulator.errors import bad_request
from local.simulator.prediction import Prediction
from local.simulator.reply import reply
from local.simulator.world import Simulator


class Control:
    """The routes: faults in, counters and truths out. No token is asked for."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def blueprint(self) -> Blueprint:
        routes = Blueprint("control", __name__)
        routes.add_url_rule("/faults", "add_faults", self.add_faults, methods=["POST"])
        routes.add_url_rule("/faults", "faults", self.faults)
        routes.add_url_rule("/counters", "counters", self.counters)
        routes.add_url_rule("/predictions", "predictions", self.predictions)
        routes.add_url_rule("/end", "end", self.end, methods=["POST"])
        routes.add_url_rule("/journal", "journal", self.journal)
        routes.add_url_rule("/webhooks", "webhooks", self.webhooks)
        routes.add_url_rule("/secret", "secret", self.secret, methods=["POST"])
        routes.add_url_rule("/reset", "reset", self.reset, methods=["POST"])
        return routes

    def add_faults(self) -> Response:
        declared = request.get_json(force=True, silent=True)
        if declared is None:
            raise bad_request("a fault, or a list of faults, as JSON")
        return reply({"faults": self.simulator.add_faults(declared)})

    def faults(self) -> Response:
        return reply(self.simulator.faults())

    def counters(self) -> Response:
        return reply(self.simulator.counters(request.args.get("model")))

    def predictions(self) -> Response:
        text = request.args.get("webhook_contains", "")
        return reply(
            [
                self._truth(prediction)
                for prediction in self.simulator.all()
                if text in (prediction.request.webhook or "")
            ]
        )

    def _truth(self, prediction: Prediction) -> dict[str, Any]:
        calls = {"cancel_calls": prediction.cancel_calls, "get_calls": prediction.get_calls}
        return {**self.simulator.show(prediction, here()), **calls}

    def end(self) -> Response:
        """End runs now, as their scripts have it."""
        wanted = request.get_json(force=True, silent=True)
        ids = wanted.get("predictions") if isinstance(wanted, dict) else None
        found = [self.simulator.find(each) for each in ids] if isinstance(ids, list) else [None]
        known = [prediction for prediction in found if prediction]
        if len(known) < len(found):
            raise bad_request('{"predictions": […]}, all of them ids of runs')
        for prediction in known:
            self.simulator.finish(prediction)
        return reply({"ended": len(known)})

    def journal(self) -> Response:
        return reply(self.simulator.journal())

    def webhooks(self) -> Response:
        return reply(self.simulator.webhooks())

    def secret(self) -> Response:
        """Rotate the secret, or end its rotation."""
        wish = request.get_json(force=True, silent=True) if request.data else {}
        if wish not in ({}, {"settle": True}):
            raise bad_request('nothing, or {"settle": true}')
        if wish:
            self.simulator.secret.settle()
        else:
            self.simulator.secret.rotate()
        return reply({"keys": self.simulator.secret.keys})

    def reset(self) -> Response:
        self.simulator.reset()
        return reply({})
