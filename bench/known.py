"""Looks at a prediction of a model that is known: durations are lognormal around what one takes."""

from functools import cache
from random import Random

from bench.laws import Law
from bench.looks import REPLICATE
from bench.schedules import learnt, mean, play, taught
from lumeo import polling
from lumeo.experience import FLOOR

SIGMA, TAUGHT, DRAWN = 0.3, 50, 300


@cache
def looks(seconds: float) -> float:
    """Without a webhook; the one that finds its end included."""
    return _looks(seconds, 1.0)


@cache
def in_vain(seconds: float) -> float:
    """Before its webhook comes, where one in a hundred does not."""
    return _looks(seconds, FLOOR) - 1


def _looks(seconds: float, lost: float) -> float:
    law, random = Law("", seconds, SIGMA), Random(2)
    schedule = learnt(taught(law, TAUGHT, Random(1)), polling.LOOK_PRICE * REPLICATE.first, lost)
    return mean(play(schedule, *law.draw(random)) for _ in range(DRAWN)).looks
