"""`lumeo watch`, `get`, `list`, `cancel`, `delete`, `open` and `models`, against the running stack."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Lumeo
from tests.stack import Caller, Stack

FAILED: dict[str, Any] = {"status": "failed"}
REFUSED: dict[str, Any] = {"status": "failed", "error": "NSFW content detected. Try a different prompt."}
"""Scripts that end at once."""
NOBODYS = "01m80000000000000000000000"


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ({}, 0, "succeeded"),
        (FAILED, 1, "The generation failed. (generation_failed)"),
        (REFUSED, 4, "This content was rejected. (content_rejected)"),
    ],
)
def test_watch_ends_as_the_prediction_does(
    lumeo: Lumeo, caller: Caller, script: dict[str, Any], code: int, says: str
) -> None:
    ran = lumeo("watch", caller.submit("sim/script", **script)["id"])

    assert ran.code == code
    assert says in ran.err


def test_watch_of_what_was_canceled(lumeo: Lumeo, caller: Caller) -> None:
    stuck = caller.submit("sim/stuck")["id"]
    canceled = lumeo("cancel", stuck)
    ran = lumeo("watch", stuck)

    assert (canceled.code, canceled.out[:26]) == (0, stuck)
    assert (ran.code, ran.out) == (3, "")


def test_watch_of_several_ends_as_the_worst(lumeo: Lumeo, caller: Caller) -> None:
    ids = [caller.submit("sim/script", **script)["id"] for script in ({}, FAILED, REFUSED)]
    ran = lumeo("watch", *ids, "--json")

    assert ran.code == 1
    assert {one["id"]: one["status"] for one in ran.lines} == dict(
        zip(ids, ("succeeded", "failed", "failed"), strict=True)
    )


def test_watch_of_what_is_not_there(lumeo: Lumeo, caller: Caller) -> None:
    there = caller.submit("sim/script", output="x")["id"]
    ran = lumeo("watch", NOBODYS, there)

    assert ran.code == 5
    assert NOBODYS in ran.err
    assert ran.out == "x\n"


@pytest.mark.parametrize("command", ["get", "watch", "cancel", "rerun", "open", "delete --yes"])
@pytest.mark.parametrize("prediction_id", [NOBODYS, "..", "a/b", ""])
def test_what_is_not_there(lumeo: Lumeo, command: str, prediction_id: str) -> None:
    ran = lumeo(*command.split(), prediction_id)

    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("lumeo: ")


def test_get_shows_what_a_person_asks(lumeo: Lumeo, caller: Caller) -> None:
    made = caller.submit("sim/instant", prompt="a [red]corgi[/]\x1b[2J", seed=4)
    output = caller.ended(made["id"])["output"]
    ran = lumeo("get", made["id"])

    assert ran.code == 0
    shown = {line.split()[0]: line.split()[-1] for line in ran.out.splitlines()}
    assert (shown["id"], shown["status"], shown["model"]) == (made["id"], "succeeded", "sim/instant")
    assert shown["output"] == output[0]
    assert "prompt = a [red]corgi[/]\N{REPLACEMENT CHARACTER}[2J" in ran.out, "a terminal obeys nothing of it"
    assert "seed = 4" in ran.out


def test_get_as_json_is_the_apis(lumeo: Lumeo, caller: Caller) -> None:
    made = caller.submit("sim/script", status="failed")
    ended = caller.ended(made["id"])
    ran = lumeo("get", made["id"], "--json")

    assert (ran.code, ran.document) == (0, ended)


def test_get_of_what_runs(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    stuck = caller.submit("sim/stuck")["id"]
    shown, saved = lumeo("get", stuck), lumeo("get", stuck, "--save", str(tmp_path / "out"))
    caller.call("POST", f"/predictions/{stuck}/cancel")

    assert shown.code == 0
    assert "deadline" in shown.out
    assert saved.code == 1
    assert f"lumeo watch {stuck} --output" in saved.err


def test_get_saves(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    made = caller.submit("sim/big", bytes=300_000)["id"]
    output = caller.ended(made)["output"]
    ran = lumeo("get", made, "--save", str(tmp_path / "out"))

    assert (ran.code, ran.out) == (0, f"{tmp_path / 'out' / made}-0.bin\n")
    assert (
        Path(ran.out.strip()).read_bytes()
        == caller.call("GET", output if isinstance(output, str) else output[0]).content
    )


def test_get_saves_nothing_of_what_failed(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    made = caller.submit("sim/script", **REFUSED)["id"]
    caller.ended(made)

    assert lumeo("get", made, "--save", str(tmp_path / "out")).code == 4
    assert list((tmp_path / "out").iterdir()) == []


def test_a_url_that_a_model_wrote_is_not_fetched(lumeo: Lumeo, caller: Caller, tmp_path: Path) -> None:
    made = caller.submit("sim/script", output="http://127.0.0.1:9/outputs/x.png")["id"]
    caller.ended(made)
    ran = lumeo("get", made, "--save", str(tmp_path / "out"))

    assert (ran.code, [path.suffix for path in (tmp_path / "out").iterdir()]) == (0, [".txt"])


def test_list_is_a_table(lumeo: Lumeo, caller: Caller) -> None:
    assert (lumeo("list").out, lumeo("list", "--json").document) == ("", [])

    first, second = caller.submit("sim/tokens", processing=0)["id"], caller.submit("sim/script", **REFUSED)["id"]
    caller.ended(first)
    caller.ended(second)
    ran = lumeo("list")

    head, *rows = (line.split() for line in ran.out.splitlines())
    assert head == ["ID", "STATUS", "MODEL", "AGE", "TOOK"]
    assert [row[:3] for row in rows] == [[second, "rejected", "sim/script"], [first, "succeeded", "sim/tokens"]]
    assert max(map(len, ran.out.splitlines())) <= 80


def test_list_is_narrowed(lumeo: Lumeo, caller: Caller) -> None:
    caller.ended(caller.submit("sim/tokens", processing=0)["id"])
    caller.ended(caller.submit("sim/script", **REFUSED)["id"])

    def models(*filters: str) -> list[str]:
        return [one["model"] for one in lumeo("list", "--json", *filters).document]

    assert models() == ["sim/script", "sim/tokens"]
    assert models("--status", "failed") == ["sim/script"]
    assert models("--model", "sim/tokens") == ["sim/tokens"]
    assert models("--provider", "fal") == []
    assert models("--limit", "1") == ["sim/script"]


def test_list_goes_from_page_to_page(lumeo: Lumeo, caller: Caller, stack: Stack) -> None:
    made = caller.submit("sim/script", output="x")["id"]
    caller.ended(made)
    record, ids = stack.record(made), [f"{made[:-4]}z{n:03}" for n in range(125)]
    puts: list[dict[str, Any]] = [
        {"pk": {"S": f"prediction#{one}"}, "id": {"S": one}, "created_at": {"S": f"2020-01-01T00:00:00.{n:03}Z"}}
        for n, one in enumerate(ids)
    ]
    for n in range(0, len(ids), 25):
        batch: list[Any] = [{"PutRequest": {"Item": record | put}} for put in puts[n : n + 25]]
        stack.client("dynamodb").batch_write_item(RequestItems={stack.ready["table_name"]: batch})

    found = [one["id"] for one in lumeo("list", "--limit", "120", "--json").document]
    assert found == [made, *ids[:5:-1]]


def test_cancel_of_several(lumeo: Lumeo, caller: Caller) -> None:
    stuck, over = caller.submit("sim/stuck")["id"], caller.submit("sim/script", output="x")["id"]
    caller.ended(over)
    ran = lumeo("cancel", stuck, NOBODYS, over, "--json")

    assert ran.code == 5
    assert {one["id"]: one["status"] for one in ran.lines} == {stuck: "canceled", over: "succeeded"}
    assert NOBODYS in ran.err


def test_delete(lumeo: Lumeo, caller: Caller) -> None:
    made = caller.submit("sim/script", output="x")["id"]
    caller.ended(made)
    asked = lumeo("delete", made)
    ran = lumeo("delete", made, "--yes", "--json")

    assert (asked.code, asked.err.strip()) == (2, "lumeo: Nobody can be asked here: say --yes.")
    assert (ran.code, ran.document) == (0, {"id": made, "deleted": True})
    assert caller.get(made)["data_removed"] is True
    assert "were deleted" in lumeo("get", made).out


def test_delete_of_what_runs(lumeo: Lumeo, caller: Caller) -> None:
    stuck = caller.submit("sim/stuck")["id"]
    ran = lumeo("delete", stuck, "--yes")
    caller.call("POST", f"/predictions/{stuck}/cancel")

    assert ran.code == 1
    assert "cancel it first" in ran.err


def test_open_tells_the_browser(lumeo: Lumeo, caller: Caller, browser: Path) -> None:
    made = caller.submit("sim/script", output="x")
    web = made["urls"]["web"]

    printed = lumeo("open", made["id"], "--print")
    assert (printed.code, printed.out, browser.exists()) == (0, f"{web}\n", False)
    opened = lumeo("open", made["id"], "--json")
    assert (opened.code, opened.document, browser.read_text()) == (0, {"url": web}, web)


def test_models_are_the_catalogues(lumeo: Lumeo) -> None:
    ran = lumeo("models")

    assert ran.code == 0
    assert "lumeo/picture" in ran.out
    assert {one["name"] for one in lumeo("models", "--json").document} >= {"picture", "pictures"}
