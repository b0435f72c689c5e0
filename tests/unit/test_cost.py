"""The models behind docs/cost.md and docs/scaling.md, and that the pages say what these compute."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import cost, prices
from bench.capacity import Workload, a_day, at_once, quotas
from bench.cost import Job, beside, dollars, usage
from bench.looks import BARE, ROUND, in_vain, looks, plain, transitions
from bench.tables import PAGES, TABLES, USUAL, page
from bench.usage import STEPS, Usage
from bench.watching import shown
from lumeo.providers.replicate import Replicate
from tests.conftest import template

RATES = {"CALLER_CREATES_PER_MINUTE": "Submit", "REPLICATE_CREATES_PER_MINUTE": "Create"}
SECONDS = st.floats(0.1, 300)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_says_what_is_computed(path: Path) -> None:
    """Else: python -m bench.tables."""
    assert page(path.read_text()) == path.read_text()


def test_every_table_stands_in_a_page() -> None:
    texts = [path.read_text() for path in PAGES]
    assert all(sum(f"<!-- table: {name} -->" in text for text in texts) == 1 for name in TABLES)


def test_the_headlines_are_computed_too() -> None:
    cents = 100 * sum(dollars(USUAL).values())
    first = quotas(Workload())[0]
    costs, scales = (path.read_text() for path in PAGES)

    assert f"A thousand predictions cost about {cents:.0f} cents" in costs
    assert f"at most {prices.FREE_SHOWN} metrics are free" in costs
    assert f"ours shows {shown(1)} at one provider and {shown(2)} at two" in costs
    assert f"it holds {first.holds:.0f} predictions a second, {a_day(first.holds):,.0f} a day" in scales


class TestLooks:
    def test_the_schedule_is_that_of_replicate(self) -> None:
        assert Replicate.polling == looks.__defaults__[0]  # type: ignore[index]

    @given(SECONDS)
    def test_there_is_one_at_least_and_fewer_with_a_webhook(self, seconds: float) -> None:
        assert looks(seconds) >= 1
        assert 0 <= in_vain(seconds) <= looks(seconds) - 1

    @given(SECONDS, SECONDS)
    def test_what_takes_longer_is_looked_at_as_often_at_least(self, one: float, other: float) -> None:
        assert looks(min(one, other)) <= looks(max(one, other))

    def test_the_first_waits_are_the_first_of_the_policy(self) -> None:
        assert looks(1) == 1
        assert looks(1.01) >= 2
        assert in_vain(6) == 0
        assert in_vain(6.01) >= 1

    @pytest.mark.parametrize(("seconds", "every", "billed"), [(4, 5, 6), (5, 5, 6), (5.1, 5, 9), (150, 60, 12)])
    def test_the_plain_loop(self, seconds: float, every: float, billed: int) -> None:
        assert plain(seconds, every) == billed


class TestUsage:
    def test_adds_up(self) -> None:
        one, other = Usage(calls={"Status": 1}, read=2), Usage(calls={"Status": 2, "Read": 1}, written=3)

        assert one + other == Usage(calls={"Status": 3, "Read": 1}, read=2, written=3)
        assert (one + other) - other == Usage(calls={"Status": 1, "Read": 0}, read=2)
        assert 2 * one == Usage(calls={"Status": 2}, read=4)

    def test_a_webhook_in_time(self) -> None:
        used = usage(Job(looks=0, reads=0))

        assert used.transitions == BARE + 1
        assert used.calls == {"Submit": 1, "Create": 1, "Webhook": 2, "Finalize": 1, "Status": 0, "Read": 0}
        assert (used.requests, used.starts, used.wakes, used.puts) == (3, 1, 1, 1)

    def test_a_look_more_is_a_round_more(self) -> None:
        more = usage(Job(webhook=False, looks=3)) - usage(Job(webhook=False, looks=2))

        assert replace(more, calls={}) == replace(STEPS["look"], calls={}, transitions=ROUND)
        assert more.calls["Status"] == 1

    def test_without_outputs_nothing_is_put(self) -> None:
        assert usage(Job(outputs=0)).puts == 0
        assert usage(Job(outputs=4)).puts == 4


class TestDollars:
    def test_transitions_are_most_of_it(self) -> None:
        parts = dollars(Job(looks=0))

        assert parts["Step Functions"] == pytest.approx(1000 * 6 * 25e-6)
        assert 0.5 < parts["Step Functions"] / sum(parts.values()) < 0.9

    @pytest.mark.parametrize(
        ("change", "service"),
        [
            ({"looks": 1}, "Step Functions"),
            ({"told": True}, "Step Functions"),
            ({"outputs": 5}, "S3"),
            ({"output_mb": 100}, "S3"),
            ({"reads": 10}, "API Gateway"),
            ({"hold": 7}, "Lambda"),
            ({"output_mb": 50}, "Lambda"),
        ],
    )
    def test_more_costs_more(self, change: dict[str, float], service: str) -> None:
        job = Job(looks=0)

        assert dollars(replace(job, **change))[service] > dollars(job)[service]  # type: ignore[arg-type]

    def test_a_slower_look_costs_lambda_alone(self) -> None:
        slow, quick = (dollars(Job(looks=2, look_ms=milliseconds)) for milliseconds in (1000, 100))
        dearer = {service for service, price in slow.items() if price > quick[service]}

        assert dearer == {"Lambda"}
        assert slow["Lambda"] - quick["Lambda"] == pytest.approx(1000 * 2 * 0.9 * 0.5 * prices.GB_SECOND)

    def test_keeping_and_handing_out_stand_apart(self) -> None:
        assert list(beside(Job(output_mb=0)).values()) == [0, 0]

    @pytest.mark.parametrize("parts", [(8, 0), (8.4, 3), (100, 20)])
    def test_large_outputs_go_in_parts(self, parts: tuple[float, int]) -> None:
        assert cost._parts(parts[0]) == parts[1]


class TestCommand:
    def test_shows_each_service(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cost.main(["--seconds", "7", "--per-day", "10000", "--no-webhook"]) == 0
        shown = capsys.readouterr().out

        assert all(service in shown for service in dollars(Job()))
        assert "7 s, 10,000 a day" in shown

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--seconds", "0"], "more than 0"),
            (["--seconds", "-1"], "no number from 0 on"),
            (["--seconds", "nan"], "no number from 0 on"),
            (["--output-mb", "inf"], "no number from 0 on"),
            (["--outputs", "1.5"], "no whole number"),
            (["--per-day", "many"], "no number from 0 on"),
        ],
    )
    def test_says_what_is_wrong(self, arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as ended:
            cost.main(arguments)

        assert ended.value.code == 2
        assert said in capsys.readouterr().err


class TestCapacity:
    def test_the_scarcest_comes_first(self) -> None:
        holds = [quota.holds for quota in quotas(Workload())]

        assert holds == sorted(holds)

    def test_the_template_s_rate_ends_first_and_then_the_provider(self) -> None:
        first, second = quotas(Workload())[:2]

        assert (first.name, second.name) == ("API, RateLimit of the template", "Replicate, creates")
        assert second.holds == 10

    def test_our_own_rates_are_those_of_the_template(self) -> None:
        functions, load = template().functions(), Workload()
        (api,) = template().resources("AWS::Serverless::HttpApi").values()
        said = {name: int(functions[f"{function}Function"].environment[name]) for name, function in RATES.items()}

        assert load.api_rate == api["DefaultRouteSettings"]["ThrottlingRateLimit"]
        assert said == {"CALLER_CREATES_PER_MINUTE": 60 * load.caller_rate, "REPLICATE_CREATES_PER_MINUTE": 600}

    def test_held_answers_use_up_lambda(self) -> None:
        free, held = (sum(at_once(Job(looks=0, hold=seconds)).values()) for seconds in (0, 25))

        assert held - free == pytest.approx(25)

    @given(st.floats(1, 300), st.booleans(), st.floats(0, 40))
    def test_twice_the_accounts_never_hold_less(self, seconds: float, webhook: bool, looks: float) -> None:  # noqa: FBT001
        job = Job(seconds=seconds, webhook=webhook, looks=looks)
        one, two = (quotas(Workload(job=job, accounts=accounts))[0].holds for accounts in (1, 2))

        assert two >= one

    def test_what_is_told_costs_more_transitions(self) -> None:
        assert transitions(tellings=1) - transitions() == 2
        assert transitions(tellings=3) - transitions() == 8
