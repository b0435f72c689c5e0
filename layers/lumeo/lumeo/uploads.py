"""Puts a stream into the bucket, in parts of which several are under way at once; what breaks leaves nothing behind.

Parts go to the client as bytearrays with their checksums: what it would have to check itself it sends in pieces of
16 KiB, each copied many times.
"""

import contextlib
import zlib
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from concurrent import futures
from typing import TYPE_CHECKING, Any, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from lumeo import aws, settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

FIRST = 8 * 1024**2
"""Bytes that are read before it is known how a source is stored: if it has fewer, by one request."""
PART = 5 * 1024**2
"""Bytes of a further part: the least that S3 takes, https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html."""
MOST_BYTES = 10_000 * PART


class Source(Protocol):
    """What is stored. `digest`: the SHA-256 of all that was read so far."""

    def fill(self, part: bytearray) -> None:
        """Read into all of a part; where the source ends, the part becomes shorter."""

    @property
    def digest(self) -> bytes: ...


def upload(first: bytearray, source: Source, key: str, headers: Mapping[str, Any], lanes: int) -> None:
    """Store `first`, which was read before, and what the source still has.

    In memory are at most `lanes` parts on their way and one that is being read.
    """
    place: dict[str, Any] = {"Bucket": settings.bucket_name(), "Key": key}
    if len(first) < FIRST:
        aws.s3().put_object(**place, Body=cast("bytes", first), ChecksumSHA256=_base64(source.digest), **headers)
        return
    made = aws.s3().create_multipart_upload(**place, ChecksumAlgorithm="CRC32", **headers)
    begun = {**place, "UploadId": made["UploadId"]}
    try:
        parts = _sent(begun, first, source, lanes)
        aws.s3().complete_multipart_upload(**begun, MultipartUpload={"Parts": parts})
    except BaseException:
        # One that cannot be taken back now, the bucket's lifecycle removes.
        with contextlib.suppress(BotoCoreError, ClientError):
            aws.s3().abort_multipart_upload(**begun)
        raise


def _sent(begun: Mapping[str, Any], part: bytearray, source: Source, lanes: int) -> "list[CompletedPartTypeDef]":
    """All parts, in the source's order. The memory of one that has arrived takes the next."""
    sent: list[CompletedPartTypeDef] = []
    under_way: deque[tuple[bytearray, futures.Future[CompletedPartTypeDef]]] = deque()
    pool = futures.ThreadPoolExecutor(lanes)
    try:
        while part:
            under_way.append((part, pool.submit(_send, begun, len(sent) + len(under_way) + 1, part)))
            if len(under_way) > lanes:
                part, sending = under_way.popleft()
                sent.append(sending.result())
            else:
                part = bytearray(PART)
            source.fill(part)
        return sent + [sending.result() for _, sending in under_way]
    finally:
        pool.shutdown(cancel_futures=True)


def _send(begun: Mapping[str, Any], number: int, part: bytearray) -> "CompletedPartTypeDef":
    checksum = _base64(zlib.crc32(part).to_bytes(4, "big"))
    answer = aws.s3().upload_part(**begun, PartNumber=number, Body=cast("bytes", part), ChecksumCRC32=checksum)
    return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": checksum}


def _base64(checksum: bytes) -> str:
    return b64encode(checksum).decode()
