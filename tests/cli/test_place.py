"""Where Lumeo is: options before the environment, and that before the stack that runs here."""

import json
from pathlib import Path

import pytest

from cli import place
from tests.cli.conftest import Lumeo
from tests.stack import Caller, Stack


def test_an_option_comes_before_the_environment(lumeo: Lumeo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMEO_URL", "http://127.0.0.1:9")

    assert lumeo("list").code == 0


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_an_address_and_a_key_from_the_environment(
    bare: Lumeo, stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("LUMEO_URL", stack.ready["api_url"].removesuffix("/v1") + path)
    monkeypatch.setenv("LUMEO_API_KEY", caller.key)
    monkeypatch.setenv("SSL_CERT_FILE", stack.ready["ca_bundle"])

    assert bare("list", "--json").document == []


def test_a_netrc_is_not_the_key(
    bare: Lumeo, stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr(place, "HERE", set())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stack.ready["ca_bundle"])

    assert bare("list", "--url", stack.ready["api_url"], "--key", caller.key).code == 0


def test_the_stack_that_runs_here(bare: Lumeo, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "READY_FILE", ready)

    assert bare("list").code == 0


def test_nothing_runs_here(bare: Lumeo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "READY_FILE", tmp_path / "ready.json")
    ran = bare("list")

    assert (ran.code, ran.out) == (2, "")
    assert "make run" in ran.err
    assert "LUMEO_STACK" in ran.err


@pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
def test_a_ready_file_that_is_none(bare: Lumeo, tmp_path: Path, text: str) -> None:
    path = tmp_path / "ready.json"
    path.write_text(text)
    ran = bare("list", "--ready-file", str(path))

    assert (ran.code, "is no ready file" in ran.err) == (2, True)


@pytest.mark.parametrize("url", ["lumeo.example.com", "ftp://lumeo.example.com", "https://"])
def test_a_url_that_is_none(bare: Lumeo, url: str) -> None:
    ran = bare("list", "--url", url, "--key", "lum_x")

    assert (ran.code, "Not a URL" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "url", ["http://lumeo.example.com/v1", "HTTP://LUMEO.example.com", "http://127.0.0.1.example.com"]
)
def test_a_key_is_sent_in_clear_to_this_machine_alone(bare: Lumeo, url: str) -> None:
    ran = bare("list", "--url", url, "--key", "lum_x", "--patience", "0")

    assert (ran.code, "in clear" in ran.err) == (2, True), ran.err


@pytest.mark.parametrize("key", ["lum_\n", "lum_é", "lum_ x"])
def test_a_key_that_is_none(bare: Lumeo, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("LUMEO_API_KEY", key)
    ran = bare("list", "--url", "http://127.0.0.1:9")

    assert (ran.code, "LUMEO_API_KEY says is no API key" in ran.err) == (6, True)


def test_the_key_of_the_stack_here_goes_nowhere_else(bare: Lumeo, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "READY_FILE", ready)

    assert bare("list", "--url", "http://127.0.0.1:9").code == 6


def test_a_certificate_that_nobody_knows(bare: Lumeo, stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({**stack.ready, "ca_bundle": None}))
    ran = bare("list", "--ready-file", str(path))

    assert (ran.code, "not trusted" in ran.err) == (7, True)
    assert "trying again" not in ran.err
