"""CloudFront on one machine: GET and HEAD, with ranges, of the files in the bucket; `Authorization` does not matter."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from werkzeug.wrappers import Request, Response

PREFIXES = ("/outputs/", "/inputs/")
_PASSED_ON = {
    "ContentType": "Content-Type",
    "ContentLength": "Content-Length",
    "ContentRange": "Content-Range",
    "ContentDisposition": "Content-Disposition",
    "CacheControl": "Cache-Control",
    "ETag": "ETag",
}


class Cdn:
    """Serves files of a bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def answer(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return Response("This distribution is not configured to allow the HTTP request method.\n", status=403)
        wanted = {"Range": request.headers["Range"]} if "Range" in request.headers else {}
        try:
            stored = self._s3.get_object(Bucket=self._bucket, Key=request.path.lstrip("/"), **wanted)
        except ClientError as error:
            # A bucket that may not be listed says 403 for a file that is not there.
            status = 416 if error.response["Error"]["Code"] == "InvalidRange" else 403
            return Response(status=status)
        headers = {name: str(stored[key]) for key, name in _PASSED_ON.items() if stored.get(key) is not None}
        headers |= {"Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
        # An empty iterator and not empty bytes: those would set a length of 0.
        body = iter(()) if request.method == "HEAD" else _chunks(stored["Body"])
        return Response(body, status=206 if "ContentRange" in stored else 200, headers=headers, direct_passthrough=True)


def _chunks(body: Any) -> Iterator[bytes]:
    yield from body.iter_chunks(256 * 1024)
