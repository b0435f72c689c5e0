"""Lists and their pages."""

import threading
from functools import cache

from lumeo.prediction import Document, Phase, Prediction, Status
from lumeo.store import Store
from tests.clients.scenarios.registry import scenario
from tests.clients.scene import Scene, World
from tests.stack import Caller

COUNT = 130

_seeding = threading.Lock()


@scenario("list, over two pages")
def pages(on: Scene) -> str:
    with _seeding:
        on.caller, wanted = _seeded(on.world)
    found = on.do("pages")

    assert [prediction_id for page in found for prediction_id in page] == wanted
    return " + ".join(str(len(page)) for page in found)


@scenario("list, back to the page before", "py1")
def page_before(on: Scene) -> str:
    with _seeding:
        on.caller, wanted = _seeded(on.world)

    assert on.do("page_before") == wanted[:100]
    return "the first page"


@scenario("list, before and after a moment", "py2", "curl")
def pages_by_time(on: Scene) -> str:
    first, second = on.create(), on.create()
    moment = on.caller.get(second["id"])["created_at"]

    assert on.do("pages", created_after=moment) == [[second["id"]]]
    assert on.do("pages", created_before=moment) == [[first["id"]]]
    return "the newer, the older"


@cache
def _seeded(world: World) -> tuple[Caller, list[str]]:
    """A caller with more than a page of predictions, and their ids, newest first."""
    caller = Caller(world.stack, "clients-pages")
    store = Store(world.stack.client("dynamodb"), world.stack.ready["table_name"])
    made = [f"{n:026d}" for n in range(COUNT)]
    for n, prediction_id in enumerate(made):
        moment = f"2026-01-01T00:{n // 60:02d}:{n % 60:02d}.000Z"
        store.accept(
            Prediction(
                id=prediction_id,
                caller=caller.name,
                created_at=moment,
                provider="replicate",
                model="sim/instant",
                input=Document(json="{}"),
                base_url=world.origin,
                outputs_id="0" * 32,
                deadline=moment,
                run=prediction_id,
                due_shard=None,
                due_at=None,
                phase=Phase.DONE,
                status=Status.CANCELED,
                completed_at=moment,
                timeline={"accepted": moment},
            )
        )
    return caller, made[::-1]
