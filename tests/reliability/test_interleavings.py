"""Every order in which two functions can meet, and what becomes of each when one of them dies or is held up."""

import functools
from random import Random

import pytest

from tests.reliability import interleavings
from tests.reliability.fates import Tally
from tests.reliability.interleavings import run_all, told
from tests.reliability.pairs import PAIRS, Pair
from tests.reliability.reported import report
from tests.reliability.ways import Way, explore
from tests.world.calls import Call

FATES = 4
"""Of each pair; `python -m tests.reliability.interleavings` plays all of its orders and fates."""


@pytest.fixture(scope="module")
def tallies(request: pytest.FixtureRequest) -> dict[str, Tally]:
    """What was played of each pair that is tested, all of them at once."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    named = {item.callspec.params["name"] for item in items if item.originalname == "test_every_order"}
    made = list(run_all(FATES, [pair for pair in PAIRS if pair.name in named]))
    report("interleavings", told(made))
    return {tally.name: tally for tally in made}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [pair.name for pair in PAIRS])
def test_every_order(name: str, tallies: dict[str, Tally]) -> None:
    """Paid for once, ended once, as it was promised to whoever asked: in every order, and whoever dies."""
    if tallies[name].wrong:
        pytest.fail("\n\n".join(tallies[name].wrong[:3]), pytrace=False)


@pytest.mark.parametrize("name", ["webhook × park", "webhook × status"])
def test_nothing_is_left_out(name: str) -> None:
    """All that can be seen when really every order is played is seen in those that are told apart."""
    every, apart = _seen(name, reduced=False), _seen(name, reduced=True)

    assert set(every) == set(apart)
    assert len(every) > len(apart)


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_left_out_of_programs(seed: int) -> None:
    """The same of small programs made by chance, whose steps depend on what they have read; none is played twice."""
    programs = _programs(Random(seed))
    every = {_run(programs, way) for way in explore(functools.partial(_run, programs), reduced=False)}
    apart = [_run(programs, way) for way in explore(functools.partial(_run, programs))]

    assert set(apart) == every
    assert len(apart) == len(set(apart))


def test_a_broken_promise_is_seen() -> None:
    pair = _pair("cancel × finalize")
    wrong = Pair(pair.name, pair.meet, frozenset({"canceled"}))

    with pytest.raises(interleavings.Wrong, match=r"ended as succeeded , not as canceled\n.*--order 'Finalize"):
        interleavings.play(wrong, Way())


def _seen(name: str, *, reduced: bool) -> list[tuple[str, ...]]:
    found = []

    def play(way: Way) -> None:
        found.append(interleavings.play(_pair(name), way))

    list(explore(play, reduced=reduced))
    return found


def _pair(name: str) -> Pair:
    return next(pair for pair in PAIRS if pair.name == name)


Programs = dict[str, list[tuple[str, str, int]]]


def _programs(chance: Random) -> Programs:
    """Two or three of two to four steps each: read or write one of three items; a step is left out by what was read."""
    return {
        name: [(chance.choice("rw"), chance.choice("xyz"), chance.randrange(4)) for _ in range(chance.randint(2, 4))]
        for name in "abc"[: chance.choice((2, 2, 3))]
    }


def _run(programs: Programs, way: Way) -> tuple[str, ...]:
    """Play programs on a way; all that each has read, and what stands in the items at the end."""
    at, items = dict.fromkeys(programs, 0), dict.fromkeys("xyz", "")
    read = dict.fromkeys(programs, "")
    way.steps.clear()
    while could := [name for name in programs if at[name] < len(programs[name])]:
        name = way.next(could)
        kind, item, skipped = programs[name][at[name]]
        at[name] += 1
        if len(read[name]) % 4 == skipped:
            way.touched([])
        elif kind == "r":
            read[name] += items[item] + "."
            way.touched([Call(name, "table", "read", (item,), writes=False)])
        else:
            items[item] += name
            way.touched([Call(name, "table", "write", (item,), writes=True)])
    return (*read.values(), *items.values())
