"""The list of predictions: a hundred a page, newest first."""

from typing import Any

import pytest

from tests.simulator.caller import Caller, HandClock


def ids(page: dict[str, Any]) -> list[str]:
    return [prediction["id"] for prediction in page["results"]]


def created_ids(sim: Caller, clock: HandClock, count: int) -> list[str]:
    """So many runs, a second apart; their ids, newest first."""
    made = []
    for _ in range(count):
        made.append(sim.created("sim/instant")["id"])
        clock.sleep(1)
    return made[::-1]


def test_an_empty_list_is_one_page(sim: Caller) -> None:
    assert sim.get("/v1/predictions").json() == {"next": None, "previous": None, "results": []}


def test_it_shows_what_a_read_shows(sim: Caller) -> None:
    created = sim.created("sim/image")

    assert sim.get("/v1/predictions").json()["results"] == [sim.read(created)]


def test_pages_follow_each_other_in_both_directions(sim: Caller, clock: HandClock) -> None:
    made = created_ids(sim, clock, 210)
    first = sim.get("/v1/predictions").json()
    second = sim.get(first["next"]).json()
    third = sim.get(second["next"]).json()

    assert [ids(first), ids(second), ids(third)] == [made[:100], made[100:200], made[200:]]
    assert first["next"].startswith(f"{sim.url}/v1/predictions?cursor=")
    assert (first["previous"], third["next"]) == (None, None)
    assert ids(sim.get(third["previous"]).json()) == made[100:200]
    assert ids(sim.get(second["previous"]).json()) == made[:100]


def test_a_new_run_does_not_move_the_pages_behind(sim: Caller, clock: HandClock) -> None:
    made = created_ids(sim, clock, 101)
    first = sim.get("/v1/predictions").json()
    sim.created("sim/instant")

    assert ids(sim.get(first["next"]).json()) == made[100:]


def test_exactly_one_page_has_no_next(sim: Caller, clock: HandClock) -> None:
    created_ids(sim, clock, 100)

    assert sim.get("/v1/predictions").json()["next"] is None


def test_filters_by_time_include_the_beginning_and_not_the_end(sim: Caller, clock: HandClock) -> None:
    made = created_ids(sim, clock, 5)
    span = {"created_after": "2026-04-22T11:15:16.329Z", "created_before": "2026-04-22T13:15:18.329+02:00"}

    assert ids(sim.get("/v1/predictions", params=span).json()) == made[2:4]


def test_filters_hold_on_the_next_page_and_may_be_repeated(sim: Caller, clock: HandClock) -> None:
    made = created_ids(sim, clock, 105)
    span = {"created_after": "2026-04-22T11:15:17.329Z"}
    following = sim.get("/v1/predictions", params=span).json()["next"]

    assert ids(sim.get(following).json()) == made[100:103]
    assert ids(sim.get(following, params=span).json()) == made[100:103]


def test_nothing_here_was_made_on_the_web(sim: Caller) -> None:
    sim.created("sim/instant")

    assert sim.get("/v1/predictions?source=web").json()["results"] == []


@pytest.mark.parametrize("cursor", ["nonsense", "cD14", "%00"])
def test_a_cursor_that_is_none_is_not_found(sim: Caller, cursor: str) -> None:
    assert sim.get(f"/v1/predictions?cursor={cursor}").status_code == 404


@pytest.mark.parametrize("moment", ["yesterday", "2026-04-22T11:15:17"])
def test_a_time_that_is_none_is_refused(sim: Caller, moment: str) -> None:
    assert sim.get("/v1/predictions", params={"created_after": moment}).status_code == 422
