"""`lumeo submit` and `lumeo rerun`, against the running stack."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lumeo import clock
from tests.cli.conftest import Lumeo
from tests.stack import Caller

ID = re.compile(r"[0-9a-z]{26}")
HASH = "7cc98339f4776213c312ae8f8bd324950acea46351fde75ace69d638a844b2bd"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def given(lumeo: Lumeo, *arguments: str, **more: Any) -> Any:
    """The input that a command line submits."""
    submitted = lumeo("submit", "sim/script", *arguments, "--json", **more)
    assert submitted.code == 0, submitted.err
    return submitted.document["input"]


def test_prints_the_id_where_nobody_looks(lumeo: Lumeo, caller: Caller) -> None:
    ran = lumeo("submit", "sim/instant", "--prompt", "a corgi")

    assert ran.code == 0
    assert ID.fullmatch(ran.out.strip())
    assert caller.get(ran.out.strip())["input"] == {"prompt": "a corgi"}
    assert f"lumeo watch {ran.out.strip()}" in ran.err


def test_json_is_the_prediction(lumeo: Lumeo) -> None:
    ran = lumeo("submit", "sim/instant", "--prompt", "a corgi", "--json")

    assert (ran.document["status"], ran.document["model"]) == ("starting", "sim/instant")


def test_values_are_json_where_they_are_some(lumeo: Lumeo) -> None:
    pairs = ["seed=7", "scale=0.5", "fast=true", "none=null", 'list=["a", 1]', "text=a b", "equals=a=b", 'said="7"']

    assert given(lumeo, *pairs, "empty=", "odd=NaN") == {
        "seed": 7,
        "scale": 0.5,
        "fast": True,
        "none": None,
        "list": ["a", 1],
        "text": "a b",
        "equals": "a=b",
        "said": "7",
        "empty": "",
        "odd": "NaN",
    }


def test_pairs_may_stand_among_options(lumeo: Lumeo) -> None:
    found = given(lumeo, "a=1", "--prompt", "7", "b=2", "--cancel-after", "5m", "c=3")

    assert found == {"a": 1, "b": 2, "c": 3, "prompt": "7"}


@pytest.mark.parametrize("where", ["file", "-"])
def test_input_comes_from_a_file_and_pairs_overrule_it(lumeo: Lumeo, tmp_path: Path, where: str) -> None:
    text = '{"seed": 1, "steps": 5}'
    (tmp_path / "input.json").write_text(text)
    name = str(tmp_path / "input.json") if where == "file" else "-"

    assert given(lumeo, "--input", name, "seed=2", stdin=text) == {"seed": 2, "steps": 5}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["sim/image", "prompt"], "should be key=value", id="no value"),
        pytest.param(["sim/image", "=x"], "should be key=value", id="no key"),
        pytest.param(["sim/image", "image=@nowhere.png"], "There is no file nowhere.png", id="no file"),
        pytest.param(["sim/image", "--input", "nowhere.json"], "nowhere.json cannot be read", id="no input"),
        pytest.param(["sim/image", "--input", "-"], "Standard input is no JSON", id="no JSON"),
        pytest.param(["sim/image", "--option", "a=b"], "--provider", id="option of nobody"),
        pytest.param(["sim/image", "--output", "x", "--no-watch"], "--output has to wait", id="output of nothing"),
        pytest.param(["sim/image", "-n", "0"], "not a number from 1 on", id="none"),
        pytest.param(["sim/image", "--patience", "x"], "not seconds", id="no seconds"),
        pytest.param(["sim/image", "--nonsense"], "unrecognized arguments: --nonsense", id="no option"),
        pytest.param(["sim/image", "--url", "https://x"], "exclude each other", id="two places"),
        pytest.param([], "required: MODEL", id="no model"),
    ],
)
def test_wrong_use(lumeo: Lumeo, arguments: list[str], says: str) -> None:
    ran = lumeo("submit", *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_an_input_is_a_json_object(lumeo: Lumeo) -> None:
    ran = lumeo("submit", "sim/image", "--input", "-", stdin="[1]")

    assert (ran.code, ran.err.strip()) == (2, "lumeo: Standard input is no JSON object.")


@pytest.mark.parametrize("size", [len(PNG), 0, 4 * 1024 * 1024 + 1])
def test_a_file_is_handed_in(lumeo: Lumeo, caller: Caller, tmp_path: Path, size: int) -> None:
    content = (PNG * (size // len(PNG) + 1))[:size]
    (tmp_path / "corgi.png").write_bytes(content)

    url = given(lumeo, f"image=@{tmp_path / 'corgi.png'}", "seed=1")["image"]

    assert caller.call("GET", f"{url}/download").content == content
    assert caller.call("GET", url).json()["name"] == "corgi.png"


def test_a_text_may_begin_with_an_at(lumeo: Lumeo) -> None:
    assert given(lumeo, 'handle="@corgi"', "--prompt", "@home") == {"handle": "@corgi", "prompt": "@home"}


def test_no_file_is_handed_in_while_another_is_missing(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(PNG)

    assert lumeo("submit", "sim/copy", f"a=@{tmp_path / 'there.png'}", "b=@nowhere.png").code == 2
    assert caller.call("GET", "/files").json()["results"] == []


def test_several_at_once(lumeo: Lumeo, caller: Caller) -> None:
    ran = lumeo("submit", "sim/script", "output=x", "-n", "3")

    made = ran.out.split()
    listed = {one["id"] for one in caller.call("GET", "/predictions").json()["results"]}
    assert len(made) == 3
    assert set(made) == listed


@pytest.mark.parametrize("n", ["1", "2"])
def test_an_idempotency_key_makes_it_once(lumeo: Lumeo, n: str) -> None:
    command = ["submit", "sim/script", "output=x", "-n", n, "--idempotency-key", "corgi"]

    assert lumeo(*command).out == lumeo(*command).out


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("sim/image", {"model": "sim/image"}),
        (f"sim/image:{HASH}", {"model": "sim/image", "version": HASH}),
        (HASH, {"version": HASH}),
        ("picture", {"model": "lumeo/picture"}),
        ("lumeo/picture", {"model": "lumeo/picture"}),
        ("deployments/sim/deployment", {"deployment": "sim/deployment"}),
    ],
)
def test_a_model_has_many_names(lumeo: Lumeo, model: str, shown: dict[str, str]) -> None:
    found = lumeo("submit", model, "--prompt", "x", "--json").document

    assert shown.items() <= found.items()


def test_another_provider(lumeo: Lumeo) -> None:
    found = lumeo("submit", "fal-ai/flux/dev", "--provider", "fal", "--prompt", "x", "--json").document
    none = lumeo("submit", "-", "--provider", "modal", "--input", "-", "--json", stdin="{}")

    assert (found["provider"], found["model"]) == ("fal", "fal-ai/flux/dev")
    assert none.document["provider"] == "modal"


def test_an_option_of_another_provider(lumeo: Lumeo) -> None:
    body = json.dumps({"requests": [{"custom_id": "a", "params": {}}]})
    command = ["submit", "-", "--provider", "anthropic", "--input", "-", "--json"]

    assert lumeo(*command, "--option", "beta=x", stdin=body).document["options"]["beta"] == "x"
    refused = lumeo(*command, "--option", "nonsense=x", stdin=body)
    assert refused.code == 2
    assert "nonsense" in refused.err


def test_deadline_and_webhook(lumeo: Lumeo) -> None:
    place = "http://127.0.0.1:9/hook"
    found = lumeo("submit", "sim/script", "output=x", "--cancel-after", "30s", "--webhook", place, "--json").document

    assert found["webhook"] == place
    assert clock.seconds_between(found["created_at"], found["deadline"]) == 30


def test_what_the_model_does_not_take(lumeo: Lumeo, caller: Caller) -> None:
    caller.call("GET", "/models/sim/image")
    ran = lumeo("submit", "sim/image", "prompt=x", "width=1")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == "lumeo: Input validation failed (422)"
    assert "width" in ran.err
    assert "Traceback" not in ran.err


def test_output_saves_what_comes_out(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    ran = lumeo("submit", "sim/script", 'output=["$png", "$text"]', "--output", str(tmp_path / "a" / "b"))

    assert ran.code == 0, ran.err
    saved = [Path(line) for line in ran.out.splitlines()]
    urls = caller.get(saved[0].name[:26])["output"]
    assert [path.read_bytes() for path in saved] == [caller.call("GET", url).content for url in urls]
    assert [path.name[26:] for path in saved] == ["-0.png", "-1.txt"]
    assert sorted((tmp_path / "a" / "b").iterdir()) == sorted(saved)


def test_output_goes_to_a_folder(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    """That is known before anything is paid for."""
    (tmp_path / "file").touch()
    ran = lumeo("submit", "sim/image", "prompt=x", "--output", str(tmp_path / "file"))

    assert ran.code == 2
    assert caller.call("GET", "/predictions").json()["results"] == []


def test_what_is_no_file_is_saved_too(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    text = lumeo("submit", "sim/script", "output=a text", "--output", str(tmp_path))
    nested = lumeo("submit", "sim/script", 'output={"image": "$png", "score": 0.5}', "--output", str(tmp_path))

    (written,), (picture, whole) = (map(Path, ran.out.splitlines()) for ran in (text, nested))
    assert (written.suffix, written.read_text()) == (".txt", "a text\n")
    assert (picture.name[26:], whole.suffix) == ("-0.png", ".json")
    assert json.loads(whole.read_text()) == caller.get(whole.stem)["output"]


def test_watch_prints_the_output(lumeo: Lumeo, caller: Caller) -> None:
    text = lumeo("submit", "sim/script", "output=a text", "--watch")
    files = lumeo("submit", "sim/script", 'output=["$png", "$png"]', "--watch")

    assert (text.out, "succeeded" in text.err) == ("a text\n", True)
    assert files.out.splitlines() == caller.call("GET", "/predictions").json()["results"][0]["output"]


def test_watch_with_json_is_the_end(lumeo: Lumeo) -> None:
    ran = lumeo("submit", "sim/script", "output=x", "-n", "2", "--watch", "--json")

    assert [one["status"] for one in ran.lines] == ["succeeded", "succeeded"]


def test_rerun_has_the_same_input(lumeo: Lumeo) -> None:
    first = lumeo("submit", "sim/script", "output=x", "seed=3", "--json").document
    again = lumeo("rerun", first["id"], "-n", "2", "--json")

    assert [(one["rerun_of"], one["input"]) for one in again.lines] == [(first["id"], {"output": "x", "seed": 3})] * 2
    assert lumeo("rerun", "0" * 26).code == 5
