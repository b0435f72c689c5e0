"""The PyPI client `replicate` 1.x, as its users call it."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from replicate.client import Client
from replicate.file import File
from replicate.helpers import FileOutput
from replicate.webhook import Webhooks, WebhookSigningSecret

from tests.clients.programs.lines import serve, told, with_files, written


def connect(at: str, key: str, headers: dict[str, str]) -> Client:
    return _client(at, key, tuple(headers.items()))


@lru_cache(maxsize=1)
def _client(at: str, key: str, headers: tuple[tuple[str, str], ...]) -> Client:
    return Client(api_token=key, base_url=at, headers=dict(headers))


def run(client: Client, ref: str, given: dict[str, Any], **options: Any) -> Any:
    return told(client.run(ref, input=with_files(given, Path), **options), _file)


def stream(client: Client, ref: str, given: dict[str, Any]) -> Any:
    return told([str(event) for event in client.stream(ref, input=given)], _file)


def create(client: Client, to: dict[str, str], given: dict[str, Any], **options: Any) -> Any:
    if "model" in to:
        prediction = client.models.predictions.create(model=to["model"], input=given, **options)
    elif "deployment" in to:
        prediction = client.deployments.predictions.create(deployment=to["deployment"], input=given, **options)
    else:
        prediction = client.predictions.create(version=to["version"], input=given, **options)
    return prediction.dict()


def get(client: Client, name: str) -> Any:
    return client.predictions.get(name).dict()


def finish(client: Client, name: str) -> Any:
    prediction = client.predictions.get(name)
    prediction.wait()
    return prediction.dict()


def cancel(client: Client, name: str) -> Any:
    return client.predictions.cancel(name).dict()


def pages(client: Client) -> list[list[str]]:
    page = client.predictions.list()
    found = [page]
    while page.next:
        page = client.predictions.list(page.next)
        found.append(page)
    return [[prediction.id for prediction in page] for page in found]


def page_before(client: Client) -> list[str]:
    """The first page, reached again from the second."""
    second = client.predictions.list(client.predictions.list().next)
    return [prediction.id for prediction in client.predictions.list(second.previous)]


def model(client: Client, name: str) -> Any:
    return client.models.get(name).dict()


def versions(client: Client, name: str) -> list[str]:
    return [version.id for version in client.models.get(name).versions.list()]


def version(client: Client, name: str, digits: str) -> Any:
    return client.models.get(name).versions.get(digits).dict()


def upload(client: Client, name: str, size: int, metadata: dict[str, Any]) -> Any:
    return _shown(client.files.create(written(name, size), metadata=metadata))


def file(client: Client, name: str) -> Any:
    return _shown(client.files.get(name))


def files(client: Client) -> Any:
    return [_shown(found) for found in client.files.list()]


def delete(client: Client, name: str) -> None:
    assert client.files.delete(name)


def secret(client: Client) -> str:
    return client.webhooks.default.secret().key


def valid(_: Client, signed: dict[str, str], body: str, secret: str) -> bool:
    Webhooks.validate(headers=signed, body=body, secret=WebhookSigningSecret(key=secret), tolerance=60)
    return True


def _file(value: Any) -> tuple[str, str, bytes] | None:
    return ("file", value.url, value.read()) if isinstance(value, FileOutput) else None


def _shown(found: File) -> Any:
    return found.dict()


if __name__ == "__main__":
    serve(
        connect,
        (
            run,
            stream,
            create,
            get,
            finish,
            cancel,
            pages,
            page_before,
            model,
            versions,
            version,
            upload,
            file,
            files,
            delete,
            secret,
            valid,
        ),
    )
