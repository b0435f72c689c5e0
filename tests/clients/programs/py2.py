"""The PyPI client `replicate` 2.x, as its users call it, in an environment of its own."""

import importlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.clients.programs.lines import serve, told, with_files, written

# Where types are checked, this name is the first generation's.
replicate: Any = importlib.import_module("replicate")


def connect(at: str, key: str, headers: dict[str, str]) -> Any:
    # `use` takes its client from the environment.
    os.environ |= {"REPLICATE_BASE_URL": f"{at}/v1", "REPLICATE_API_TOKEN": key}
    return _client(at, key, tuple(headers.items()))


@lru_cache(maxsize=1)
def _client(at: str, key: str, headers: tuple[tuple[str, str], ...]) -> Any:
    return replicate.Replicate(bearer_token=key, base_url=f"{at}/v1", default_headers=dict(headers))


def run(client: Any, ref: str, given: dict[str, Any], **options: Any) -> Any:
    return told(client.run(ref, input=with_files(given, Path), **options), _file)


def use(_: Any, ref: str, given: dict[str, Any]) -> Any:
    return told(replicate.use(ref)(**given), _file)


def stream(_: Any, ref: str, given: dict[str, Any]) -> Any:
    return told(replicate.use(ref, streaming=True)(**given), _file)


def create(client: Any, to: dict[str, str], given: dict[str, Any], **options: Any) -> Any:
    if wait := options.pop("wait", None):
        options["prefer"] = f"wait={wait}"
    if "model" in to:
        owner, name = to["model"].split("/")
        made = client.models.predictions.create(model_owner=owner, model_name=name, input=given, **options)
    elif "deployment" in to:
        owner, name = to["deployment"].split("/")
        made = client.deployments.predictions.create(
            deployment_owner=owner, deployment_name=name, input=given, **options
        )
    else:
        made = client.predictions.create(version=to["version"], input=given, **options)
    return made.model_dump(mode="json")


def get(client: Any, name: str) -> Any:
    return client.predictions.get(prediction_id=name).model_dump(mode="json")


def finish(client: Any, name: str) -> Any:
    return client.predictions.wait(name).model_dump(mode="json")


def cancel(client: Any, name: str) -> Any:
    return client.predictions.cancel(prediction_id=name).model_dump(mode="json")


def pages(client: Any, **filters: Any) -> list[list[str]]:
    return [[prediction.id for prediction in page.results] for page in client.predictions.list(**filters).iter_pages()]


def model(client: Any, name: str) -> Any:
    owner, model_name = name.split("/")
    return client.models.get(model_owner=owner, model_name=model_name).model_dump(mode="json")


def versions(client: Any, name: str) -> list[str]:
    owner, model_name = name.split("/")
    return [version.id for version in client.models.versions.list(model_owner=owner, model_name=model_name)]


def version(client: Any, name: str, digits: str) -> Any:
    owner, model_name = name.split("/")
    return client.models.versions.get(model_owner=owner, model_name=model_name, version_id=digits).model_dump(
        mode="json"
    )


def upload(client: Any, name: str, size: int, metadata: dict[str, Any]) -> Any:
    made = client.files.create(content=written(name, size), filename=name, metadata=metadata)
    return made.model_dump(mode="json")


def file(client: Any, name: str) -> Any:
    return client.files.get(file_id=name).model_dump(mode="json")


def files(client: Any) -> Any:
    return [found.model_dump(mode="json") for found in client.files.list()]


def delete(client: Any, name: str) -> None:
    client.files.delete(file_id=name)


def secret(client: Any) -> Any:
    return client.webhooks.default.secret.get().key


def _file(value: Any) -> tuple[str, str, bytes] | None:
    if isinstance(value, replicate.FileOutput):
        return "file", value.url, value.read()
    return ("path", replicate.get_path_url(value), Path(value).read_bytes()) if isinstance(value, os.PathLike) else None


if __name__ == "__main__":
    serve(
        connect,
        (
            run,
            use,
            stream,
            create,
            get,
            finish,
            cancel,
            pages,
            model,
            versions,
            version,
            upload,
            file,
            files,
            delete,
            secret,
        ),
    )
