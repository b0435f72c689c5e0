"""Take away what a prediction was given and what it made. May be repeated: who fails in between can ask again."""

from collections.abc import Iterator

from lumeo import aws, clock, settings
from lumeo.errors import ApiError
from lumeo.prediction import Document, Prediction
from lumeo.store import store
from lumeo.telemetry import logger

AT_ONCE = 1000
"""Objects that S3 deletes in one call."""
LONGEST_SECONDS = 960
"""After so long a function that was at work when a prediction ended, and that nobody waited for, has ended too."""
_CONTENT = ("logs", "raw_logs", "partial", "result", "raw_error", "output")


def delete(prediction: Prediction) -> None:
    """Leave nothing but a record that there was one. Raises ApiError 409 while it runs."""
    contents = {
        "input": Document(json="{}"),
        "removed_at": prediction.removed_at or clock.stamp(),
        **dict.fromkeys(_CONTENT),
    }
    over = clock.later(LONGEST_SECONDS, prediction.completed_at)
    if store().remove(prediction.id, contents, max(over, clock.stamp())) is None:
        raise ApiError(409, "Conflict", "This prediction is not over: cancel it first.")
    erase(prediction)
    logger.info("deleted")


def erase(prediction: Prediction) -> None:
    """Take its files and documents out of the bucket, and its files out of the CDN."""
    known = {output.key for output in prediction.outputs.values()}
    found = set(_erased(f"outputs/{prediction.outputs_id}/"))
    for _ in _erased(f"records/{prediction.id}/"):
        pass
    _forget(prediction, known, "deleted")
    _forget(prediction, found - known, "late")


def _forget(prediction: Prediction, keys: set[str], reference: str) -> None:
    """Have the CDN drop its copies. Each by its name: of patterns it takes few at a time.

    The same reference with the same names is the same request, however often it is made.
    """
    if not keys:
        return
    paths = sorted(f"/{key}" for key in keys)
    aws.cloudfront().create_invalidation(
        DistributionId=settings.distribution_id(),
        InvalidationBatch={
            "Paths": {"Quantity": len(paths), "Items": paths},
            "CallerReference": f"{prediction.id} {reference}",
        },
    )


def _erased(prefix: str) -> Iterator[str]:
    """The keys of what was there, and is not any more."""
    for keys in _keys(prefix):
        answer = aws.s3().delete_objects(
            Bucket=settings.bucket_name(), Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
        left = answer.get("Errors")
        if left:
            raise RuntimeError(f"S3 did not delete {len(left)} objects: {left[0].get('Code')}")
        yield from keys


def _keys(prefix: str) -> Iterator[list[str]]:
    pages = (
        aws.s3()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=settings.bucket_name(), Prefix=prefix, PaginationConfig={"PageSize": AT_ONCE})
    )
    for page in pages:
        if page.get("Contents"):
            yield [found["Key"] for found in page["Contents"]]
