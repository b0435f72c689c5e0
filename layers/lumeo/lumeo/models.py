"""What providers say of their models, kept in the table.

A version never changes; a name may mean another one tomorrow.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lumeo import aws, clock, documents, settings
from lumeo.items import pack, plain, unpack
from lumeo.prediction import Document, is_hash
from lumeo.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
FRESH_SECONDS = 3600
"""For so long what a name means is taken to be so."""
KEPT_SECONDS = 30 * 86_400
"""For so long it is better than nothing while the provider cannot be asked."""
REMEMBERED = 32
"""Descriptions that a process keeps in memory."""
AGAIN_SECONDS = 600
"""After asking in vain a process does not ask beside its work again for so long."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was read at `fetched_at`; `path`: of a model, `owner/name`, or of its `owner/name/versions`."""

    path: str
    body: dict[str, Any]
    fetched_at: str

    @property
    def fresh(self) -> bool:
        return clock.seconds_between(self.fetched_at, clock.stamp()) < FRESH_SECONDS


class Models:
    """Descriptions by path (`owner/name`, `owner/name/versions`), and versions by hash."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._remembered: OrderedDict[str, Known] = OrderedDict()
        self._in_vain: dict[str, float] = {}

    def at(self, provider: str, path: str) -> Known | None:
        """What is known at a path, however old it is."""
        known = self._remembered.get(_described(provider, path))
        return known if known and known.fresh else self._read(_described(provider, path))

    def version(self, provider: str, version: str) -> Known | None:
        """What is known of the version with that hash."""
        return self._remembered.get(_version(provider, version)) or self._read(_version(provider, version))

    def keep(self, provider: str, path: str, body: dict[str, Any]) -> None:
        """Keep what a path answered, and a model's latest version by its hash too."""
        self._write(_described(provider, path), Known(path, body, clock.stamp()), KEPT_SECONDS)
        latest = body.get("latest_version")
        if isinstance(latest, dict):
            self.keep_version(provider, path, latest)

    def keep_version(self, provider: str, model: str, body: dict[str, Any]) -> None:
        """Keep a version of a model for ever: its schema does not change."""
        if is_hash(str(body.get("id"))):
            self._write(_version(provider, body["id"]), Known(model, body, clock.stamp()), None)

    def was_in_vain(self, provider: str, path: str) -> bool:
        """Whether the provider could not say it just now."""
        return clock.now().timestamp() < self._in_vain.get(_described(provider, path), 0.0)

    def note_in_vain(self, provider: str, path: str) -> None:
        now = clock.now().timestamp()
        self._in_vain = {pk: until for pk, until in self._in_vain.items() if until > now}
        self._in_vain[_described(provider, path)] = now + AGAIN_SECONDS

    def _read(self, pk: str) -> Known | None:
        answer = self._client.get_item(TableName=self._table, Key=pack({"pk": pk}))
        values = unpack(answer.get("Item", {}))
        if not values:
            return None
        try:
            body = documents.value(Document(**values["body"]))
        except ClientError as error:
            # Who may not list a bucket is told 403 of what is not there.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in {403, 404}:
                raise
            logger.warning("a description is not where it was put", at=pk)
            return None
        known = Known(values["path"], body, values["fetched_at"])
        return self._remember(pk, known) if isinstance(body, dict) else None

    def _write(self, pk: str, known: Known, seconds: int | None) -> None:
        values: dict[str, Any] = {
            "pk": pk,
            "path": known.path,
            "body": documents.keep_at(f"models/{pk.partition('#')[2].replace('#', '/')}.json", known.body),
            "fetched_at": known.fetched_at,
            "expires_at": int(clock.now().timestamp()) + seconds if seconds else None,
        }
        self._client.put_item(TableName=self._table, Item=pack(plain(values)))
        self._remember(pk, known)

    def _remember(self, pk: str, known: Known) -> Known:
        self._remembered[pk] = known
        self._remembered.move_to_end(pk)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return known


@cache
def models() -> Models:
    """Those in the table that the environment names."""
    return Models(aws.dynamodb(), settings.table_name())


def is_name(model: str) -> bool:
    """Whether it is `owner/name`, and nothing that leads elsewhere in a path."""
    parts = model.split("/")
    return len(parts) == 2 and all(map(NAME.fullmatch, parts))


def schema_of(version: Mapping[str, Any] | None) -> Any:
    """The document in which a version describes its input, if it does."""
    return version.get("openapi_schema") if isinstance(version, Mapping) else None


def _described(provider: str, path: str) -> str:
    return f"model#{provider}#{path}"


def _version(provider: str, version: str) -> str:
    return f"version#{provider}#{version}"
