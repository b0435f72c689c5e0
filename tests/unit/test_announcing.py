"""Where callers may be told of their predictions, of what, and when again."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import announcing
from lumeo.announcing import EVENTS, FIRST_WAIT, JITTER, LONG_ENOUGH, LONGEST_URL, LONGEST_WAIT, fault, is_over
from lumeo.prediction import Announced, Subscriber
from tests.unit.make import ID, NOW, TEXTS, prediction

ORIGINS = ("http://127.0.0.1:*", "https://Hooks.Internal/", "http://10.0.0.7:8080")
NO_URL = "Expected a URL that begins with https:// and a host"
NOT_PUBLIC = "Expected a host on the public internet"
SAID = Announced(attempts=1, first_at=NOW, last_at=NOW)


class TestFault:
    @pytest.mark.parametrize(
        "url",
        [
            "https://a.example",
            "https://a.example/hooks?key=r8_x&y=%20#z",
            "https://a.example:8443/x",
            "https://xn--bcher-kva.example/",
            "HTTPS://A.EXAMPLE/",
            "https://1.1.1.1/",
            "https://8.8.8.8:4443/x",
            "https://1.2.3.4.example/",
            "https://localhost.example/",
            "https://internal.example/",
            "https://0x.example/",
            "https://a.example/@b\\c",
        ],
    )
    def test_none_in_what_may_be_public(self, url: str) -> None:
        assert fault(url, ()) is None

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("http://a.example/", id="not encrypted"),
            pytest.param("ftp://a.example/", id="another scheme"),
            pytest.param("a.example", id="no scheme"),
            pytest.param("https:///x", id="no host"),
            pytest.param("https://u@a.example/", id="a user"),
            pytest.param("https://u:p@a.example/", id="a user with a password"),
            pytest.param("https://a.example\\@b.example/", id="a backslash"),
            pytest.param("https://a.example:99999/", id="no port"),
            pytest.param("https://a..example/", id="an empty label"),
            pytest.param("https://127.0.0.1./", id="a dot behind an address"),
            pytest.param("https://[::1]/", id="IPv6, loopback"),
            pytest.param("https://[fe80::1%25eth0]/", id="IPv6 with a zone"),
            pytest.param("https://[::ffff:169.254.169.254]/", id="IPv4 in IPv6"),
            pytest.param("https://[::1", id="half a bracket"),
            pytest.param("https://a.example/x y", id="a space"),
            pytest.param("https://a.example/\n", id="a line's end"),
            pytest.param("https://\u00e4.example/", id="a letter that is none of ASCII"),
            pytest.param("https://a.example/\u00e4", id="such a letter in the path"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_what_is_no_url(self, url: str) -> None:
        assert fault(url, ()) == NO_URL

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param("localhost", id="this machine"),
            pytest.param("LOCALHOST", id="this machine, in capitals"),
            pytest.param("a.localhost", id="a name of this machine"),
            pytest.param("printer.local", id="of the local network"),
            pytest.param("metadata.google.internal", id="internal"),
            pytest.param("router.home.arpa", id="at home"),
            pytest.param("intranet", id="one label"),
            pytest.param("127.0.0.1", id="loopback"),
            pytest.param("10.0.0.1", id="private"),
            pytest.param("169.254.169.254", id="the metadata of an instance"),
            pytest.param("100.64.0.1", id="CGNAT"),
            pytest.param("0.0.0.0", id="unspecified"),
            pytest.param("224.0.0.1", id="multicast"),
            pytest.param("127.1", id="an address of two parts"),
            pytest.param("8.8.2056", id="one of three parts, though public"),
            pytest.param("2130706433", id="an address as one number"),
            pytest.param("0x7f000001", id="as one hexadecimal number"),
            pytest.param("0x7f.0.0.1", id="a hexadecimal part"),
            pytest.param("127.0.0.0x1", id="a hexadecimal part at the end"),
            pytest.param("0177.0.0.1", id="an octal part"),
            pytest.param("010.8.8.8", id="an octal part of three digits"),
            pytest.param("256.1.1.1", id="a part too large"),
            pytest.param("1.2.3.4.5", id="five parts"),
            pytest.param("a.example.1", id="a name that ends in a number"),
            pytest.param("a.0x", id="a name that ends in no number at all"),
        ],
    )
    def test_what_cannot_be_public(self, host: str) -> None:
        assert fault(f"https://{host}/hooks", ()) == NOT_PUBLIC
        assert fault(f"https://{host}:8443", ()) == NOT_PUBLIC

    def test_a_url_has_its_bounds(self) -> None:
        longest = "https://a.example/".ljust(LONGEST_URL, "x")

        assert fault(longest, ()) is None
        assert fault(longest + "x", ()) == f"Expected at most {LONGEST_URL} characters"

    @given(TEXTS)
    def test_any_text_has_an_answer(self, text: str) -> None:
        assert fault(text, ORIGINS) in {None, NO_URL, NOT_PUBLIC}


class TestOrigins:
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8123/x",
            "http://127.0.0.1/x",
            "https://hooks.internal/x",
            "https://HOOKS.internal:443",
            "http://10.0.0.7:8080/x?y",
        ],
    )
    def test_are_used_wherever_they_are(self, url: str) -> None:
        assert fault(url, ORIGINS) is None
        assert announcing.is_named(url, ORIGINS)

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("https://127.0.0.1:8123/x", id="another scheme"),
            pytest.param("http://127.0.0.2:8123/x", id="another host"),
            pytest.param("http://127.0.0.1.a.example/", id="a longer name"),
            pytest.param("http://hooks.internal/x", id="not encrypted"),
            pytest.param("https://hooks.internal:8443/x", id="another port"),
            pytest.param("http://10.0.0.7/x", id="no port"),
            pytest.param("http://10.0.0.7:80801/x", id="a port that begins so"),
            pytest.param("http://u@127.0.0.1:8123/", id="a user"),
            pytest.param("http://127.0.0.1:8123@169.254.169.254/", id="as a user"),
            pytest.param("http://169.254.169.254\\@127.0.0.1:80/", id="behind a backslash"),
            pytest.param("http://169.254.169.254#@127.0.0.1:80/", id="behind a hash"),
            pytest.param("http://169.254.169.254/http://127.0.0.1:80/", id="in the path"),
            pytest.param("http://127.0.0.1:*", id="the very text"),
        ],
    )
    def test_are_no_others(self, url: str) -> None:
        assert fault(url, ORIGINS) is not None
        assert not announcing.is_named(url, ORIGINS)

    def test_do_not_stand_in_the_way_of_the_public_internet(self) -> None:
        assert fault("https://a.example/x", ORIGINS) is None
        assert not announcing.is_named("https://a.example/x", ORIGINS)

    @pytest.mark.parametrize("origins", [(), ("",), ("*",), ("http://*:*",), ("no origin",)])
    def test_that_are_none_name_nothing(self, origins: tuple[str, ...]) -> None:
        assert fault("http://127.0.0.1:8123/x", origins) == NO_URL


class TestWait:
    @pytest.mark.parametrize(
        ("attempts", "seconds"),
        [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 320), (8, 640), (9, 900), (10, 900), (10_000, 900)],
    )
    def test_doubles_up_to_a_quarter_of_an_hour(self, attempts: int, seconds: int) -> None:
        assert announcing.wait(attempts, None, chance=lambda: 0.5) == seconds

    @given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
    def test_is_a_fifth_more_or_less(self, attempts: int, chance: float) -> None:
        """So that many who failed at once do not come back at once."""
        middle = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempts - 1))

        found = announcing.wait(attempts, None, chance=lambda: chance)

        assert round(middle * (1 - JITTER)) <= found <= round(middle * (1 + JITTER))

    def test_is_by_chance(self) -> None:
        assert len({announcing.wait(9, None) for _ in range(50)}) > 10

    @pytest.mark.parametrize(
        ("asked", "seconds"),
        [
            pytest.param(0.0, 5, id="at once"),
            pytest.param(3.0, 5, id="sooner"),
            pytest.param(30.0, 30, id="later"),
            pytest.param(3600.0, 3600, id="an hour"),
            pytest.param(86_400.0, 3600, id="a day"),
            pytest.param(float("inf"), 3600, id="never"),
        ],
    )
    def test_is_as_long_as_the_receiver_asks_within_an_hour(self, asked: float, seconds: int) -> None:
        assert announcing.wait(1, asked, chance=lambda: 0.5) == seconds

    @given(st.integers(1, 100), st.none() | st.floats(0, allow_nan=False), st.floats(0, 1, exclude_max=True))
    def test_is_whole_seconds_that_the_machine_can_wait(
        self, attempts: int, asked: float | None, chance: float
    ) -> None:
        found = announcing.wait(attempts, asked, chance=lambda: chance)

        assert type(found) is int
        assert 1 <= found <= 3600

    @given(st.lists(st.floats(0, 1, exclude_max=True), min_size=30, max_size=30))
    def test_they_go_on_for_an_hour_and_then_end(self, chances: list[float]) -> None:
        """Whatever chance says; attempts themselves take no time here."""
        draws, elapsed, attempts = iter(chances), 0, 1
        while not is_over(replace(SAID, attempts=attempts, status=500), elapsed):
            elapsed += announcing.wait(attempts, None, chance=lambda: next(draws))
            attempts += 1

        assert LONG_ENOUGH <= elapsed < LONG_ENOUGH + LONGEST_WAIT * (1 + JITTER)
        assert 10 <= attempts <= 14


class TestIsOver:
    @pytest.mark.parametrize(
        ("changes", "elapsed", "over"),
        [
            pytest.param({"status": 200, "delivered_at": NOW}, 0, True, id="delivered"),
            pytest.param({"status": 410}, 0, True, id="not wanted any more"),
            pytest.param({"status": 404}, 0, False, id="not there"),
            pytest.param({"status": 500}, 3599.999, False, id="just under an hour"),
            pytest.param({"status": 500}, 3600, True, id="an hour"),
            pytest.param({"error": "timeout"}, 0, False, id="not reached"),
            pytest.param({"error": "not_public"}, 7200, True, id="not reached for hours"),
        ],
    )
    def test_when_it_is_delivered_or_was_tried_for_long_enough(
        self,
        changes: dict[str, Any],
        elapsed: float,
        over: bool,  # noqa: FBT001 (a table's row)
    ) -> None:
        assert is_over(replace(SAID, **changes), elapsed) is over


class TestMessageId:
    def test_is_the_same_for_every_attempt(self) -> None:
        assert announcing.message_id(prediction(), "completed", 0) == f"msg_{ID}_completed"
        assert announcing.message_id(prediction(), "start", 3) == f"msg_{ID}_start"

    def test_is_another_for_what_comes_more_than_once(self) -> None:
        assert announcing.message_id(prediction(), "logs", 3) == f"msg_{ID}_logs_3"
        assert announcing.message_id(prediction(), "output", 12) == f"msg_{ID}_output_12"


class TestWants:
    @pytest.mark.parametrize("event", EVENTS)
    def test_what_the_caller_asked_for(self, event: announcing.Event) -> None:
        others = tuple(one for one in EVENTS if one != event)

        assert announcing.wants(prediction(subscriber=Subscriber("https://a.example", (event,))), event)
        assert not announcing.wants(prediction(subscriber=Subscriber("https://a.example", others)), event)
        assert not announcing.wants(prediction(), event)
