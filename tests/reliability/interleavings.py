"""Plays pairs of functions in every order of their calls, alone and with one of them dying or being held up.

`python -m tests.reliability.interleavings` plays all that there is; `--pair`, one pair; with an order, one way again.
"""

import argparse
import functools
import sys
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any

from tests.reliability import afterwards, cores
from tests.reliability.fates import KINDS, Fate, Tally, fated, fates_of
from tests.reliability.pairs import PAIRS, Pair
from tests.reliability.stage import Stage, steps
from tests.reliability.ways import Redundant, Way, explore
from tests.world.chooser import Script
from tests.world.world import world

DRAWN = 16
"""Orders that are drawn of a pair that has many, where not all are played."""


QUIET_SECONDS = 2400.0
"""In so much time, and in far less as a rule, nobody has anything left to do."""
MOST_WRONG = 3
"""Of a pair in which so much is wrong no more is played."""


class Wrong(AssertionError):
    """What must not be, and a command that plays it again."""


def play(pair: Pair, way: Way, fate: Fate | None = None, tally: Tally | None = None) -> tuple[str, ...]:
    """Play a pair on a way until all is quiet, check, and answer what can be seen of it. Raises Wrong."""
    script = Script()
    script.branches = False
    with world(chooser=script) as here:
        stage = Stage(here)
        here.seam.hooks.append(stage)
        try:
            pair.meet(stage)
            for _ in fated(stage, way, fate) if fate else steps(stage, way):
                pass
            stage.open()
            here.until_quiet(QUIET_SECONDS)
        except Redundant:
            raise
        except Exception as error:
            raise Wrong(f"{type(error).__name__}: {error}\n{_again(pair, way, fate)}") from error
        wrong = list(afterwards.broken(stage, pair, disturbed=fate is not None))
        if wrong:
            raise Wrong("\n".join([*wrong, _again(pair, way, fate)]))
        if tally is not None:
            tally.played(stage, fate)
        return afterwards.seen(stage)


def run(pair: Pair, limit: int | None = None) -> Tally:
    """Every order of a pair and every fate on each; with a limit so many fates, evenly spread, and fewer orders."""
    tally = Tally(pair.name, drawn=limit is not None and pair.many)
    fates: dict[Fate, None] = {}
    try:
        for way in _drawn(pair, tally) if tally.drawn else explore(lambda way: play(pair, way, tally=tally)):
            fates |= dict.fromkeys(fates_of(way))
    except Wrong as error:
        tally.wrong.append(str(error))
    tally.possible = len(fates)
    for fate in _spread(list(fates), limit):
        try:
            play(pair, Way.along(fate.order), fate, tally)
        except Wrong as error:
            tally.wrong.append(str(error))
            if len(tally.wrong) >= MOST_WRONG:
                break
    return tally


def run_all(limit: int | None = None, pairs: Iterable[Pair] = PAIRS) -> Iterator[Tally]:
    """All pairs, on all cores, as they come."""
    # Those that take long come first, so that no core is left with one of them at the end.
    names = [pair.name for pair in sorted(pairs, key=lambda pair: not pair.many)]
    yield from cores.spread(functools.partial(_run_named, limit), names)


def told(tallies: Sequence[Tally]) -> Iterator[str]:
    """What was played, a line for each pair and one for all."""
    by_name = {tally.name: tally for tally in tallies}
    yield from (by_name[pair.name].line() for pair in PAIRS if pair.name in by_name)
    whole = Tally(f"{len(tallies)} pairs, {sum(not tally.drawn for tally in tallies)} in every order")
    for tally in tallies:
        whole.add(tally)
    yield whole.line()


def _drawn(pair: Pair, tally: Tally) -> Iterator[Way]:
    """Ways by chance, each once, and the same ones each time."""
    chance = Random(f"orders of {pair.name}")
    known = set()
    for _ in range(DRAWN):
        way = Way(chance=chance)
        play(pair, way, tally=tally)
        if way.order not in known:
            known.add(way.order)
            yield way


def _run_named(limit: int | None, name: str) -> Tally:
    return run(next(pair for pair in PAIRS if pair.name == name), limit)


def _spread(fates: Sequence[Fate], limit: int | None) -> Sequence[Fate]:
    return fates if limit is None or limit >= len(fates) else [fates[n * len(fates) // limit] for n in range(limit)]


def _again(pair: Pair, way: Way, fate: Fate | None) -> str:
    order = " ".join(fate.order if fate else way.order)
    befalls = f" --who {fate.who} --kind '{fate.kind}'" if fate else ""
    return f"python -m tests.reliability.interleavings --pair '{pair.name}' --order '{order}'{befalls}"


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.interleavings", description=__doc__)
    parser.add_argument("--pair", choices=[pair.name for pair in PAIRS])
    parser.add_argument("--order", help="the names of those who take the steps")
    parser.add_argument("--who", help="whom something befalls after these steps")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0])
    parser.add_argument("--limit", type=int, help="play so many fates of each pair")
    asked = parser.parse_args(given)
    pairs = [pair for pair in PAIRS if asked.pair in {None, pair.name}]
    if asked.order is not None:
        return _once(pairs[0], asked)
    tallies = []
    for tally in run_all(asked.limit, pairs):
        tallies.append(tally)
        print(tally.line(), *tally.wrong, sep="\n", flush=True)
    print("", *told(tallies), sep="\n")
    return 1 if any(tally.wrong for tally in tallies) else 0


def _once(pair: Pair, asked: Any) -> int:
    order = tuple(asked.order.split())
    print(*play(pair, Way.along(order), Fate(order, asked.who, asked.kind) if asked.who else None), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
