"""The providers' tokens: what a secret may hold, and how one that holds none is told."""

import boto3
import pytest

from lumeo.credentials import MAX_AGE, token
from lumeo.errors import ErrorCode, Rejected
from tests.conftest import TOKEN


def put(environment: dict[str, str], text: str) -> None:
    """What an owner writes into the secret."""
    boto3.client("secretsmanager").put_secret_value(SecretId=environment["PROVIDER_SECRET"], SecretString=text)


def test_a_token_is_found(cloud: dict[str, str]) -> None:
    assert token("replicate", "default") == TOKEN


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{}", id="as the template leaves it"),
        pytest.param('{"replicate": {}}', id="no account"),
        pytest.param('{"replicate": {"other": "r8_x"}}', id="another account"),
        pytest.param('{"replicate": {"default": ""}}', id="an empty token"),
        pytest.param('{"replicate": {"default": null}}', id="a null token"),
        pytest.param('{"anthropic": {"default": "sk"}}', id="another provider"),
        pytest.param('{"replicate": "r8_x"}', id="the token for its account"),
        pytest.param('{"replicate": null}', id="a null provider"),
        pytest.param('["r8_x"]', id="a list"),
        pytest.param("null", id="null"),
        pytest.param("r8_x", id="the token alone"),
    ],
)
def test_a_secret_without_one_is_the_owners_matter(cloud: dict[str, str], text: str) -> None:
    """A person wrote it: whatever it is, the prediction ends with a code, and the log says what to do."""
    put(cloud, text)

    with pytest.raises(Rejected, match="replicate") as caught:
        token("replicate", "default")

    assert caught.value.code is ErrorCode.PROVIDER_ACCOUNT
    assert "r8_x" not in caught.value.raw


def test_space_around_a_token_is_not_its_part(cloud: dict[str, str]) -> None:
    """A line break comes with most copies from a file, and no header may hold one."""
    put(cloud, '{"replicate": {"default": " r8_x\\n"}}')

    assert token("replicate", "default") == "r8_x"


def test_a_new_token_is_taken_within_minutes(cloud: dict[str, str]) -> None:
    token("replicate", "default")
    put(cloud, '{"replicate": {"default": "r8_new"}}')

    assert token("replicate", "default") == TOKEN
    assert MAX_AGE <= 300
