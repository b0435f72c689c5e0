"""The server that plays fixtures: it answers as they say, and each submission has an id of its own."""

import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from local.fixtures import picture, read
from local.player import Player, play
from tests.providers.examples import BODY, QUEUE

KEY = {"Authorization": "Key queue-key-for-tests-0123456789"}
JOBS = "https://queue.example.com/v1/jobs/"


@pytest.fixture
def player(tmp_path: Path, socket_enabled: None) -> Iterator[Player]:
    fixtures = {}
    for name, text in {"queue": QUEUE, "body": BODY}.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
        fixtures[name] = read(path)
    with play(fixtures) as playing:
        yield playing


def ask(player: Player, method: str, url: str, headers: Mapping[str, str] = KEY, json: Any = None) -> requests.Response:
    """Ask for what is at a real URL, or at one that an answer named."""
    with requests.Session() as session:
        session.trust_env = False
        where = url.replace("https://", f"{player.url}/-/")
        return session.request(method, where, headers=headers, json=json, timeout=5, allow_redirects=False)


def submit(player: Player) -> str:
    answer = ask(player, "POST", "https://queue.example.com/v1/owner/app/fast?webhook=x", json={"prompt": "a corgi"})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def look(player: Player, job_id: str) -> Any:
    return ask(player, "GET", f"{JOBS}{job_id}/status").json()["status"]


def test_job_from_its_submission_to_its_file(player: Player) -> None:
    answer = ask(player, "POST", "https://queue.example.com/v1/owner/app/fast", json={"prompt": "a corgi"}).json()
    looks = [ask(player, "GET", answer["status_url"]) for _ in range(4)]
    result = ask(player, "GET", f"{JOBS}{answer['id']}").json()
    file = ask(player, "GET", result["images"][0]["url"], headers={})

    assert answer["status_url"] == f"{player.url}/-/queue.example.com/v1/jobs/{answer['id']}/status"
    assert [look.status_code for look in looks] == [202, 202, 200, 200]
    assert [look.json()["status"] for look in looks] == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "COMPLETED"]
    assert looks[1].headers["Retry-After"] == "3"
    assert result["images"][0]["url"] == f"{player.media_url}/-/media.example.net/a.png"
    assert result["page"] == "https://www.example.org/", "only the provider's own hosts are played"
    assert (file.content, file.headers["Content-Type"]) == (picture(1), "image/png")
    assert result == player.as_answered(
        "queue", {"images": [{"url": "https://media.example.net/a.png"}], "page": "https://www.example.org/"}
    )
    assert [request.call for request in player.requests] == ["submit", *["status"] * 4, "result", "download"]
    assert player.requests[1].url == f"{JOBS}{answer['id']}/status"
    assert {request.id for request in player.requests[1:-1]} == {answer["id"]}


def test_each_submission_has_an_id_of_its_own(player: Player) -> None:
    made = [submit(player) for _ in range(3)]

    assert len(set(made)) == 3
    assert player.ids("queue") == made
    assert all(re.fullmatch(r"80e7f0c2-aaaa-4000-8000-00000000[0-9a-f]{4}", one) for one in made)
    assert [look(player, made[0]), look(player, made[0]), look(player, made[1])] == [
        "IN_QUEUE",
        "IN_PROGRESS",
        "IN_QUEUE",
    ]


def test_id_and_key_in_the_body(player: Player) -> None:
    made = ask(player, "POST", "https://api.example.org/start", {}, {"key": "body-key-for-tests-0123456789"}).json()
    check = {"key": "body-key-for-tests-0123456789", "callID": made["callID"]}
    first, second = (ask(player, "POST", "https://api.example.org/check", {}, check) for _ in range(2))

    assert first.json() == {"message": "running"}
    assert (second.content, second.headers["Content-Type"]) == (picture(2), "image/png")
    assert player.seen("body", "status")[0].json == check


def test_submission_that_is_the_end_already(player: Player) -> None:
    player.script("body", ["at_once"])
    made = ask(player, "POST", "https://api.example.org/start?key=body-key-for-tests-0123456789", {}).json()

    assert made == {"callID": player.ids("body")[0], "finished": True}


def test_steps_and_files_that_need_the_key(player: Player) -> None:
    job_id = submit(player)
    log = f"{JOBS}{job_id}/log"

    assert ask(player, "POST", "https://queue.example.com/v1/files").json() == {"file": "file-1"}
    assert ask(player, "GET", log, {}).status_code == 401
    assert ask(player, "GET", f"{JOBS}{job_id}/status", {}).status_code == 401
    assert ask(player, "GET", log).text == "all is well"
    assert ask(
        player, "GET", player.at_media("queue", f"{JOBS}80e7f0c2-aaaa-4000-8000-00000000beef/log", job_id), {}
    ).ok
    assert ask(player, "GET", f"{JOBS}{job_id}/status".replace("https://", f"{player.media_url}/-/")).status_code == 404
    assert [request.media for request in player.requests] == [False] * 5 + [True] * 2


def test_what_nobody_knows(player: Player) -> None:
    lost = ask(player, "GET", f"{JOBS}80e7f0c2-aaaa-4000-8000-000000009999/status")
    strange = ask(player, "DELETE", "https://queue.example.com/v1/everything")
    outside = ask(player, "GET", f"{player.url}/favicon.ico")

    assert (lost.status_code, strange.status_code, outside.status_code) == (404, 404, 404)
    assert strange.json()["error"] == "No fixture has an answer to DELETE https://queue.example.com/v1/everything."
    assert [request.call for request in player.requests] == ["status", None, None]


def test_cancel(player: Player) -> None:
    """The looks after it see the end, unless it was over already."""
    running, done = submit(player), submit(player)
    for _ in range(3):
        look(player, done)
    for job_id in (running, done):
        assert ask(player, "PUT", f"{JOBS}{job_id}/cancel").status_code == 202

    assert (look(player, running), look(player, done)) == ("CANCELED", "COMPLETED")


def test_script(player: Player) -> None:
    job_id = submit(player)
    player.script("queue", ["unknown", "failed"])

    assert [look(player, job_id) for _ in range(3)] == ["DREAMING", "COMPLETED", "COMPLETED"]
    assert "error" in ask(player, "GET", f"{JOBS}{job_id}").json(), "the fixture has no result there"
    with pytest.raises(ValueError, match="queue has no state sleeping"):
        player.script("queue", ["sleeping"])


def test_faults(player: Player) -> None:
    """As often as was said; what does not say no takes effect."""
    url = "https://queue.example.com/v1/owner/app/fast"
    player.fault("queue", "submit", 2, status=429, headers={"Retry-After": "7"}, body={"error": "busy"})
    refused = [ask(player, "POST", url) for _ in range(2)]

    assert [(answer.status_code, answer.headers["Retry-After"]) for answer in refused] == [(429, "7")] * 2
    assert player.submitted("queue") == 0

    player.fault("queue", "submit", status=500, body="<html>")
    assert ask(player, "POST", url).text == "<html>"
    assert player.submitted("queue") == 1
    player.fault("queue", "status", -1, status=302, headers={"Location": f"{player.foreign_url}/x"})
    (job_id,) = player.ids("queue")
    moved = [ask(player, "GET", f"{JOBS}{job_id}/status") for _ in range(2)]
    assert [answer.headers["Location"] for answer in moved] == [f"{player.foreign_url}/x"] * 2
    player.mend("queue")
    player.fault("queue", "status", headers={"Retry-After": "9"})
    assert look(player, job_id) == "COMPLETED", "looks that were answered otherwise count"
    assert player.foreign == []


@pytest.mark.parametrize(("drop", "effect"), [("before", 0), ("after", 1)])
def test_connection_that_ends(player: Player, drop: str, effect: int) -> None:
    player.fault("queue", "submit", drop=drop)

    with pytest.raises(requests.ConnectionError):
        submit(player)
    assert player.submitted("queue") == effect
    assert len(player.requests) == 1


def test_foreign_host(player: Player) -> None:
    player.lead_astray("queue")
    answer = ask(player, "POST", "https://queue.example.com/v1/owner/app/fast").json()

    assert answer["status_url"] == f"{player.foreign_url}/-/evil.example/v1/jobs/{answer['id']}/status"
    assert player.foreign == []
    assert ask(player, "GET", answer["status_url"]).status_code == 200
    (seen,) = player.foreign
    assert seen.url == f"https://evil.example/v1/jobs/{answer['id']}/status"
    assert seen.shows("queue-key-for-tests-0123456789")


def test_accounts(player: Player) -> None:
    assert player.account("queue", "https://queue.example.com/v1") == {
        "key": "queue-key-for-tests-0123456789",
        "base_url": f"{player.url}/-/queue.example.com/v1",
        "output_hosts": [player.media_url],
    }
    elsewhere = player.account("queue", "https://queue.example.com", "http://127.0.0.1:1")
    assert elsewhere["base_url"] == "http://127.0.0.1:1/-/queue.example.com"
    assert elsewhere["output_hosts"] == [player.media_url]


def test_webhook_names_the_submission(player: Player) -> None:
    job_id = submit(player)

    assert player.webhook("queue", job_id) == b'{"request_id": "%s", "status": "OK"}' % job_id.encode()


def test_forgets(player: Player) -> None:
    player.script("queue", ["failed"])
    player.fault("queue", "submit", status=500)
    player.lead_astray("queue")
    submit_url = "https://queue.example.com/v1/owner/app/fast"
    ask(player, "POST", submit_url)
    player.reset()

    assert (player.requests, player.submitted("queue")) == ([], 0)
    assert look(player, submit(player)) == "IN_QUEUE"


def test_remembers_the_last_requests(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.player.KEPT", 3)
    job_id = submit(player)
    for _ in range(5):
        look(player, job_id)

    assert [request.call for request in player.requests] == ["status"] * 3
    assert player.submitted("queue") == 1


def test_many_at_once(player: Player) -> None:
    """Each is answered of its own job."""
    made: list[str] = []

    def play_one() -> None:
        job_id = submit(player)
        assert [look(player, job_id) for _ in range(3)] == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
        made.append(job_id)

    threads = [threading.Thread(target=play_one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(made)) == 16
    assert player.submitted("queue") == 16
