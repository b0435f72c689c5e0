"""The gallery: a page for people, and its files. What it shows it asks the API for, with the key that it is given."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lumeo import settings
from lumeo.gallery import Gallery
from lumeo.routes import Answer, Request, Routes
from lumeo.telemetry import invocation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

gallery = Gallery(Path(__file__).with_name("page"))
routes = Routes()


@routes.to("GET /")
@routes.to("GET /p/{id}")
def page(request: Request) -> Answer:
    return gallery.page(request, settings.outputs_url())


@routes.to("GET /gallery/{version}/{file}")
def file(request: Request) -> Answer:
    return gallery.file(request)


@invocation
def handler(event: dict[str, Any], context: "LambdaContext") -> Answer:
    del context
    return routes.answer(event)
