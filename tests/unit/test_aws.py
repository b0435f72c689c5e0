"""Clients as they are made."""

import pytest

from lumeo import aws


@pytest.fixture(autouse=True)
def _made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    aws.s3.cache_clear()
    for name, value in {"REGION": "eu-west-1", "DEFAULT_REGION": "eu-west-1", "ACCESS_KEY_ID": "a"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)


def test_what_is_signed_for_others_is_for_the_buckets_own_region() -> None:
    """The global endpoint sends them elsewhere, where the signature does not hold."""
    url = aws.s3().generate_presigned_url("put_object", Params={"Bucket": "corgis", "Key": "a.png"})
    aws.s3.cache_clear()

    assert url.startswith("https://corgis.s3.eu-west-1.amazonaws.com/a.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
