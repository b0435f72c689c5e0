"""What the stack of the benchmarks knows before they begin."""

import pytest

from bench.scale_stack import LIKE, TAUGHT, teach
from lumeo.experience import experiences


@pytest.mark.parametrize("seconds", [1.0, 600.0])
@pytest.mark.usefixtures("cloud")
def test_how_long_predictions_take(seconds: float) -> None:
    teach(seconds)
    known = experiences().of(LIKE)
    odds, elapsed = known.odds(0, None, starting=True)

    assert (known.run.n, elapsed) == (TAUGHT, 0)
    assert odds.at(seconds / 2)[0] < 0.1
    assert odds.at(2 * seconds)[0] > 0.9
