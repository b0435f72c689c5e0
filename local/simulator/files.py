"""Where output files are fetched: `/files/{prediction}/{name}`, with ranges."""

from flask import Blueprint, Response, request

from local.simulator.errors import ApiError
from local.simulator.media import Content
from local.simulator.world import Simulator


class Files:
    """The one route. It asks for no token, and does not mind one."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def blueprint(self) -> Blueprint:
        routes = Blueprint("files", __name__)
        routes.add_url_rule("/<prediction_id>/<name>", "file", self.file)
        return routes

    def file(self, prediction_id: str, name: str) -> Response:
        content = self.simulator.file(prediction_id, name)
        if content is None:
            raise ApiError(404)
        return ranged(content)


def ranged(content: Content) -> Response:
    """The file, or the stretch of it that the request's Range asks for."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return _stretch(content, 0, content.size, 200)
    stretch = wanted.range_for_length(content.size)
    if stretch is None:
        return Response(status=416, headers={"Content-Range": f"bytes */{content.size}"})
    start, stop = stretch
    answer = _stretch(content, start, stop, 206)
    answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    return answer


def _stretch(content: Content, start: int, stop: int, status: int) -> Response:
    headers = {"Content-Length": str(stop - start), "Accept-Ranges": "bytes"}
    return Response(content.read(start, stop), status, headers, content_type=content.content_type)
