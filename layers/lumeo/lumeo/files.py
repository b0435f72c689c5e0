"""Files that callers hand in as inputs: their items in the table, their bytes under the bucket's `inputs/`.

Callers know a file by our own URL of it; the provider is given another one, on the CDN, which nobody could guess.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from lumeo import aws, clock, settings
from lumeo.items import pack, plain, unpack
from lumeo.pages import Page, Place, Wanted, pages
from lumeo.prediction import Document
from lumeo.writes import update_expressions, written

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file. `caller` is the index's partition; `checksums` by algorithm, in hex; `expires_at` in epoch seconds.

    `awaited`: an upload was granted, and it is not known yet whether it came.
    """

    id: str
    owner: str
    caller: str
    created_at: str
    expires_at: int
    key: str
    name: str
    content_type: str
    size: int
    metadata: Document
    etag: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)
    awaited: bool = False


class Files:
    """The files in a table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def put(self, file: File) -> None:
        self._client.put_item(TableName=self._table, Item=pack({"pk": _pk(file.id), **plain(file)}))

    def came(self, file: File, etag: str) -> File:
        """Note that an awaited file is there, unless it was removed meanwhile."""
        condition, changes = Attr("pk").exists(), {"awaited": False, "etag": etag}
        update = {"TableName": self._table, "Key": pack({"pk": _pk(file.id)}), **update_expressions(condition, changes)}
        written(self._client.update_item, update)
        return dataclasses.replace(file, awaited=False, etag=etag)

    def get(self, file_id: str, owner: str) -> File | None:
        """A caller's own file that has not expired."""
        answer = self._client.get_item(TableName=self._table, Key=pack({"pk": _pk(file_id)}), ConsistentRead=True)
        file = _file(unpack(answer["Item"])) if "Item" in answer else None
        return file if file and file.owner == owner else None

    def page(self, owner: str, start: Place | None, limit: int) -> Page[File]:
        return pages().page(Wanted(kind="file", owner=shelf(owner), read=_file), start, limit)

    def remove(self, file: File) -> None:
        """Take the bytes away, then the item: who fails in between can do it again."""
        aws.s3().delete_object(Bucket=settings.bucket_name(), Key=file.key)
        self._client.delete_item(TableName=self._table, Key=pack({"pk": _pk(file.id)}))


@cache
def files() -> Files:
    """Those in the table that the environment names."""
    return Files(aws.dynamodb(), settings.table_name())


def arrived(file: File) -> File:
    """The file, with what came if it came since."""
    if not file.awaited:
        return file
    try:
        head = aws.s3().head_object(Bucket=settings.bucket_name(), Key=file.key)
    except ClientError as error:
        # A bucket that may not be listed says 403 for what is not there.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
            return file
        raise
    return files().came(file, head["ETag"].strip('"'))


def shelf(owner: str) -> str:
    """The index's partition of a caller's files: no caller's name has a slash in it."""
    return f"{owner}/files"


def readable_url(file: File) -> str:
    """Where anybody who knows it reads its bytes."""
    return f"{settings.outputs_url()}/{file.key}"


def _file(values: Mapping[str, Any]) -> File | None:
    if values["expires_at"] <= clock.now().timestamp():
        return None
    known = {one.name for one in dataclasses.fields(File)}
    given = {name: value for name, value in values.items() if name in known}
    return File(**given | {"metadata": Document(**values["metadata"])})


def _pk(file_id: str) -> str:
    return f"file#{file_id}"
