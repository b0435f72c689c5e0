"""Predictions that are created and looked after by hand."""

from datetime import datetime

from tests.clients.scenarios.registry import WITH_CURL, scenario
from tests.clients.scenarios.running import digest
from tests.clients.scene import Scene


def _finished(on: Scene, created: dict[str, str]) -> str:
    ended = on.do("finish", name=created["id"])

    assert ended["output"] == on.do("get", name=created["id"])["output"]
    assert len(on.upstream()) == 1
    return f"`{created['status']}`, then `{ended['status']}`"


@scenario("create by model, then wait")
def create_by_model(on: Scene) -> str:
    return _finished(on, on.create())


@scenario("create by hash, then wait", *WITH_CURL)
def create_by_hash(on: Scene) -> str:
    return _finished(on, on.create(to={"version": digest("sim/one")}))


@scenario("create by deployment, then wait", *WITH_CURL)
def create_by_deployment(on: Scene) -> str:
    said = _finished(on, on.create(to={"deployment": "sim/deployment"}))

    assert on.upstream()[0]["deployment"] == on.mine()[0]["deployment"] == "sim/deployment"
    return said


@scenario("progress, from the logs", *WITH_CURL)
def logs(on: Scene) -> str:
    ended = on.do("finish", name=on.create()["id"])

    assert "100%|##########| 50/50" in ended["logs"]
    return "100 %"


@scenario("cancel")
def cancel(on: Scene) -> str:
    created = on.create(to={"model": "sim/stuck"})
    on.one_processing()
    on.do("cancel", name=created["id"])

    ended = on.do("finish", name=created["id"])
    assert [prediction["status"] for prediction in on.upstream()] == ["canceled"]
    return f"`{ended['status']}`"


@scenario("`Cancel-After`", *WITH_CURL)
def cancel_after(on: Scene) -> str:
    """One client has a parameter for it; the others are given the header."""
    if on.client != "py2":
        on.headers = {"Cancel-After": "5s"}
    options = {"cancel_after": "5s"} if on.client == "py2" else {}
    created = on.create({}, {"model": "sim/stuck"}, **options)

    (seen,) = on.mine()
    given = datetime.fromisoformat(seen["deadline"]) - datetime.fromisoformat(seen["created_at"])
    assert given.total_seconds() == 5
    on.do("cancel", name=created["id"])
    return "`deadline` after 5 s"
