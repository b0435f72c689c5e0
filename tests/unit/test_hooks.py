"""The URL of a prediction's webhook: nobody can make one up, and every one that we gave is known again."""

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from lumeo.credentials import master
from lumeo.hooks import hook_prefix, hook_url, is_hook
from lumeo.redaction import redacted
from tests.conftest import MASTER
from tests.unit.make import ID, prediction

PREFIX = f"https://lumeo.test/v1/hooks/replicate/{ID}/"

pytestmark = pytest.mark.usefixtures("cloud")


def token() -> str:
    return hook_url(prediction()).removeprefix(PREFIX)


def test_url_is_where_the_caller_reached_us() -> None:
    assert hook_prefix(prediction()) == PREFIX
    assert hook_url(prediction()).startswith(PREFIX)
    assert "/" not in token()


def test_one_that_we_gave_is_known() -> None:
    assert is_hook("replicate", ID, token())


@pytest.mark.parametrize(
    ("provider", "prediction_id", "change"),
    [
        pytest.param("another", ID, "{}", id="another provider's"),
        pytest.param("replicate", "0" * 26, "{}", id="another prediction's"),
        pytest.param("replicate", ID.upper(), "{}", id="upper case"),
        pytest.param("replicate", ID, "{}=", id="padded"),
        pytest.param("replicate", ID, " {}", id="a space"),
        pytest.param("replicate", ID, "", id="no token"),
        pytest.param("replicate", ID, "\u00e4{}", id="no ASCII"),
        pytest.param("replicate", ID, "\ud800", id="half a surrogate pair"),
    ],
)
def test_anything_else_is_not(provider: str, prediction_id: str, change: str) -> None:
    assert not is_hook(provider, prediction_id, change.format(token()))


def test_one_letter_makes_a_difference() -> None:
    right = token()
    wrong = [right[:n] + ("a" if right[n] != "a" else "b") + right[n + 1 :] for n in range(len(right) - 1)]

    assert not any(is_hook("replicate", ID, one) for one in wrong)


def test_a_new_key_makes_other_urls(cloud: dict[str, str]) -> None:
    """Those that were given before are not believed any more, but are still found by what they begin with."""
    before = hook_url(prediction())
    boto3.client("secretsmanager").put_secret_value(SecretId=cloud["MASTER_SECRET"], SecretString="another")
    parameters.clear_caches()  # type: ignore[no-untyped-call]

    assert hook_url(prediction()) != before
    assert not is_hook("replicate", ID, before.removeprefix(PREFIX))
    assert before.startswith(hook_prefix(prediction()))


def test_nothing_of_it_is_kept() -> None:
    assert redacted(hook_url(prediction())) == f"{PREFIX}****"


def test_the_key_is_the_secrets_text() -> None:
    assert master() == MASTER.encode()
