"""The picture of the state machine shows the one that is deployed."""

import copy
import re

import pytest
import yaml

from bench.graph import DEFINITION, PICTURE, PLACES, WAYS, arrows, picture

MACHINE = yaml.safe_load(DEFINITION.read_text())


def test_it_is_drawn_from_the_definition() -> None:
    """Else: python -m bench.graph."""
    assert PICTURE.read_text() == picture(MACHINE)


def test_every_state_is_on_it_by_its_name() -> None:
    names = re.findall(r'class="name"[^>]*>([^<]+)<', PICTURE.read_text())

    assert sorted(names) == sorted(MACHINE["States"])


def test_every_arrow_is_on_it() -> None:
    assert set(arrows(MACHINE)) == set(WAYS)
    assert len(re.findall(r'<path class="caught"', PICTURE.read_text())) == sum(caught for *_, caught in WAYS) + 1


def test_what_is_caught_is_marked() -> None:
    assert {(source, target) for source, target, caught in WAYS if caught} == {
        ("WaitForWebhook", "Status"),
        ("WaitForWebhook", "Finalize"),
        ("Announce", "Done"),
    }


def test_another_machine_is_another_picture() -> None:
    more = copy.deepcopy(MACHINE)
    more["States"]["Rest"] = {"Type": "Wait", "Seconds": 1, "Next": "Done"}

    with pytest.raises(ValueError, match=r"other states than are drawn: \['Rest'\]"):
        picture(more)

    other = copy.deepcopy(MACHINE)
    other["States"]["Wait"]["Next"] = "Finalize"
    with pytest.raises(ValueError, match=r"other arrows than are drawn: .*'Wait', 'Finalize'"):
        picture(other)


def test_an_arrow_begins_and_ends_at_its_states() -> None:
    """On their edges, and it goes through no other."""
    for (source, target, _), way in WAYS.items():
        for name, point in ((source, way[0]), (target, way[-1])):
            (x, y), (at_x, at_y) = PLACES[name], point
            assert max(abs(at_x - x) / 75, abs(at_y - y) / 22) == pytest.approx(1)
