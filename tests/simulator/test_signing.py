"""The secret of the webhooks: where it is read, how it signs, and its rotation."""

import re

import requests

from local.simulator import Simulator
from local.simulator.signing import signature
from tests.simulator.caller import Caller
from tests.simulator.post import Post, signed

PATH = "/v1/webhooks/default/secret"


def test_the_published_example_is_signed_as_published() -> None:
    signed_with = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]

    found = signature(signed_with, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_secret_is_read_with_the_token(sim: Caller, simulator: Simulator) -> None:
    answer = sim.get(PATH)

    assert answer.json() == {"key": simulator.secret.newest}
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{32}", answer.json()["key"])
    assert requests.get(sim.url + PATH, timeout=10).status_code == 401
    assert [(line["call"], line["status"]) for line in sim.journal()] == [("secret", 200), ("secret", 401)]


def test_every_simulator_has_a_secret_of_its_own() -> None:
    assert Simulator().secret.newest != Simulator().secret.newest


def test_reading_the_secret_can_fail(sim: Caller) -> None:
    sim.fault(call="secret", kind="status", status=503)
    sim.fault(call="secret", kind="throttle", seconds=3)

    assert [sim.get(PATH).status_code for _ in range(3)] == [503, 429, 200]


def test_while_it_is_rotated_both_sign_the_newest_first(sim: Caller, post: Post) -> None:
    old = sim.get(PATH).json()["key"]
    keys = sim.post("/_sim/secret").json()["keys"]
    new = sim.get(PATH).json()["key"]
    sim.told(events=["completed"])
    (told,) = post.all()
    headers = told.delivery.headers

    assert keys == [new, old]
    assert new != old
    assert headers["webhook-signature"] == signature(
        [new, old], headers["webhook-id"], int(headers["webhook-timestamp"]), told.delivery.body
    )
    assert signed(told.delivery, old)
    assert signed(told.delivery, new)


def test_once_it_is_settled_the_newest_signs_alone(sim: Caller, post: Post) -> None:
    old = sim.get(PATH).json()["key"]
    sim.post("/_sim/secret")
    new = sim.get(PATH).json()["key"]

    assert sim.post("/_sim/secret", json={"settle": True}).json() == {"keys": [new]}

    sim.told(events=["completed"])
    (told,) = post.all()

    assert len(told.delivery.headers["webhook-signature"].split(" ")) == 1
    assert signed(told.delivery, new)
    assert not signed(told.delivery, old)


def test_a_second_rotation_drops_the_oldest(sim: Caller) -> None:
    first = sim.post("/_sim/secret").json()["keys"]
    second = sim.post("/_sim/secret", json={}).json()["keys"]

    assert (len(second), second[1]) == (2, first[0])


def test_a_wish_that_is_none_is_refused(sim: Caller) -> None:
    before = sim.get(PATH).json()

    assert [sim.post("/_sim/secret", data=body).status_code for body in ("{", '{"settle": 1.5}', "[]")] == [400] * 3
    assert sim.get(PATH).json() == before


def test_a_reset_brings_the_first_secret_back(sim: Caller) -> None:
    first = sim.get(PATH).json()["key"]
    sim.post("/_sim/secret")
    sim.post("/_sim/reset")

    assert sim.get(PATH).json()["key"] == first
    assert sim.post("/_sim/secret", json={"settle": True}).json() == {"keys": [first]}
