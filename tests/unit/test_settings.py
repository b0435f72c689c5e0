"""What the environment says: typed, read on call, and named when it is missing."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from lumeo import settings
from lumeo.settings import SettingMissing

ALL = {
    name: function
    for name, function in inspect.getmembers(settings, inspect.isfunction)
    if not name.startswith("_") and function.__module__ == settings.__name__
}
REQUIRED = {name: function for name, function in ALL.items() if name not in {"public_url", "webhook_origins"}}


@pytest.mark.parametrize(("name", "read"), REQUIRED.items())
@pytest.mark.parametrize("value", [pytest.param(None, id="absent"), pytest.param("", id="empty")])
def test_a_missing_one_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, read: Callable[[], Any], value: str | None
) -> None:
    monkeypatch.delenv(name.upper(), raising=False)
    if value is not None:
        monkeypatch.setenv(name.upper(), value)

    with pytest.raises(SettingMissing, match=rf"^{name.upper()} is not set"):
        read()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        pytest.param("table_name", "lumeo-table", "lumeo-table", id="table"),
        pytest.param("bucket_name", "lumeo-bucket", "lumeo-bucket", id="bucket"),
        pytest.param("state_machine_arn", "arn:aws:states:x", "arn:aws:states:x", id="state machine"),
        pytest.param("provider_secret", "arn:aws:secretsmanager:x", "arn:aws:secretsmanager:x", id="secret"),
        pytest.param("master_secret", "arn:aws:secretsmanager:y", "arn:aws:secretsmanager:y", id="our secret"),
        pytest.param("outputs_url", "https://cdn.test", "https://cdn.test", id="outputs"),
        pytest.param("outputs_url", "https://cdn.test/", "https://cdn.test", id="outputs with a slash"),
        pytest.param("public_url", "https://lumeo.test", "https://lumeo.test", id="public"),
        pytest.param("public_url", "https://lumeo.test/", "https://lumeo.test", id="public with a slash"),
        pytest.param("public_url", "", None, id="public, empty"),
        pytest.param("public_url", "/", None, id="public, a slash alone"),
        pytest.param(
            "replicate_base_url", "https://api.replicate.com/v1/", "https://api.replicate.com/v1", id="with a slash"
        ),
        pytest.param(
            "replicate_base_url",
            "https://gateway.ai.cloudflare.com/v1/a/g/replicate",
            "https://gateway.ai.cloudflare.com/v1/a/g/replicate",
            id="with a path",
        ),
        pytest.param("replicate_output_hosts", "replicate.delivery", ("replicate.delivery",), id="one host"),
        pytest.param(
            "replicate_output_hosts",
            " replicate.delivery , *.replicate.delivery,, http://127.0.0.1:1 ",
            ("replicate.delivery", "*.replicate.delivery", "http://127.0.0.1:1"),
            id="hosts with spaces",
        ),
        pytest.param("replicate_creates_per_minute", "600", 600, id="Replicate's rate"),
        pytest.param("replicate_listing_seconds", "60", 60, id="Replicate's list"),
        pytest.param("caller_creates_per_minute", "60", 60, id="a caller's rate"),
        pytest.param("max_output_bytes", "2147483648", 2**31, id="bytes"),
        pytest.param("announce_function", "lumeo-announce", "lumeo-announce", id="who tells callers"),
        pytest.param("distribution_id", "E2QWRUHAPOMQZL", "E2QWRUHAPOMQZL", id="distribution"),
        pytest.param("version_policy", "pinned", "pinned", id="policy"),
        pytest.param(
            "catalogue_file", "/opt/python/lumeo/catalogue.toml", "/opt/python/lumeo/catalogue.toml", id="file"
        ),
        pytest.param("input_days", "7", 7, id="days of inputs"),
        pytest.param("webhook_origins", "", (), id="no origins"),
        pytest.param(
            "webhook_origins",
            " http://127.0.0.1:* ,, https://hooks.internal.example",
            ("http://127.0.0.1:*", "https://hooks.internal.example"),
            id="origins with spaces",
        ),
        pytest.param("record_days", "0", 0, id="for ever"),
        pytest.param("record_days", "30", 30, id="days"),
    ],
)
def test_what_it_says(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: Any) -> None:
    monkeypatch.setenv(name.upper(), text)

    assert ALL[name]() == value


@pytest.mark.parametrize(
    "name",
    [
        "replicate_creates_per_minute",
        "replicate_listing_seconds",
        "caller_creates_per_minute",
        "input_days",
        "max_output_bytes",
        "record_days",
    ],
)
@pytest.mark.parametrize("text", ["many", "1.5", "2e9"])
def test_a_number_that_is_none(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name.upper(), text)

    with pytest.raises(ValueError, match="invalid literal"):
        ALL[name]()


def test_no_public_url_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBLIC_URL", raising=False)

    assert settings.public_url() is None


def test_no_webhook_origins_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBHOOK_ORIGINS", raising=False)

    assert settings.webhook_origins() == ()


def test_every_one_is_tried_above() -> None:
    """A new setting needs its row."""
    (mark,) = [mark for mark in test_what_it_says.pytestmark if mark.name == "parametrize"]

    assert {row.values[0] for row in mark.args[1]} == set(ALL)


def test_read_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "one")
    first = settings.table_name()
    monkeypatch.setenv("TABLE_NAME", "two")

    assert (first, settings.table_name()) == ("one", "two")
