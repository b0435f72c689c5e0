"""The tables of docs/cost.md and docs/scaling.md, computed: `python -m bench.tables` writes them anew."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from bench import known, prices
from bench.capacity import CALLS_A_MINUTE, DAY, Quota, Workload, a_day, at_once, held_at_once, quotas
from bench.cost import DAYS, Job, beside, dollars
from bench.held import usual
from bench.laws import LAWS
from bench.looks import in_vain, looks, plain, transitions
from bench.report import ROOT, table
from bench.usage import STEPS
from bench.watching import alarmed, metrics, shown

PAGES = (ROOT / "docs" / "cost.md", ROOT / "docs" / "scaling.md")
_PLACE = re.compile(r"(?<=<!-- table: )([a-z-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

USUAL = Job(looks=0)
"""A webhook comes before the first look would."""
BUSY = Workload(job=replace(USUAL, reads=1), accounts=40, callers=40, models=10, api_rate=5_000)
TEN_MILLION = 10_000_000
PEAK = 3.0
QUICK = LAWS[:2]
"""Of what takes longer, no call is held."""


def page(text: str) -> str:
    """A page with its tables as they are now."""
    return _PLACE.sub(lambda found: f"{found[1]}{found[2]}" + "\n".join(TABLES[found[1]]()), text)


def services() -> list[str]:
    jobs = {
        "webhook": USUAL,
        "webhook, caller told": replace(USUAL, told=True),
        "7 s, no webhook": Job(webhook=False),
        "150 s, no webhook": Job(webhook=False, seconds=150),
    }
    parts = {name: dollars(job) for name, job in jobs.items()}
    rows = [[service, *(_money(part[service]) for part in parts.values())] for service in dollars(USUAL)]
    whole = [sum(part.values()) for part in parts.values()]
    rows.append(["**all of it**", *(f"**{_money(price)}**" for price in whole)])
    rows.append(["for a picture of $0.003", *(f"{price / 1000 / prices.PICTURE:.0%}" for price in whole)])
    return table(["dollars a thousand", *parts], rows)


def ways() -> list[str]:
    rows: list[tuple[str, str, float]] = [
        ("it ends within the call that submits it", "Create, Next?, Finalize, Next?, Done", transitions()),
        ("a webhook, or a cancel, ends the first wait", "… WaitForWebhook …", transitions(woken=True)),
        (
            "each look that finds it running",
            "Wait or WaitForWebhook, Status, Next?",
            transitions(looks=1) - transitions(),
        ),
        ("without webhook, *n* looks", "", transitions(looks=1)),
        ("the caller is told", "Announce, Announced?", transitions(tellings=1) - transitions()),
        (
            "each further attempt",
            "WaitToAnnounce, Announce, Announced?",
            transitions(tellings=2) - transitions(tellings=1),
        ),
        ("each wait for room at the provider", "WaitForRoom, Create, Next?", transitions(rooms=1) - transitions()),
    ]
    shown = [[what, states, f"{number:g}"] for what, states, number in rows]
    shown[3][2] = "5 + 3 *n*"
    return table(["what", "states entered", "billed"], shown)


def durations() -> list[str]:
    head = ["it takes", "webhook", "webhook, unknown model", "no webhook", "no webhook, unknown model"]
    head += ["loop of 5 s", "loop of 60 s"]
    rows = [
        [
            f"{seconds:g} s",
            _billed(transitions(looks=known.in_vain(seconds), woken=True)),
            _billed(transitions(looks=in_vain(seconds), woken=True)),
            _billed(transitions(looks=known.looks(seconds))),
            _billed(transitions(looks=looks(seconds))),
            _billed(plain(seconds, 5)),
            _billed(plain(seconds, 60)),
        ]
        for seconds in (1, 7, 12, 40, 150, 600)
    ]
    return table(head, rows)


def steps() -> list[str]:
    rows = [
        [
            name,
            " ".join(step.calls) or "none",
            *(f"{number:g}" for number in (step.written, step.moved, step.read, step.puts)),
        ]
        for name, step in STEPS.items()
    ]
    return table(["step", "calls", "written", "index", "read", "PUTs"], rows)


def limits() -> list[str]:
    return _quotas(quotas(Workload(job=USUAL)))


def ways_to_break() -> list[str]:
    """What breaks first and second, for several workloads as they are deployed."""
    loads = {
        "as deployed: 3 reads each, one caller, one account": Workload(job=USUAL),
        "RateLimit and CallerCreatesPerMinute raised": replace(Workload(job=USUAL), api_rate=5_000, caller_rate=1_000),
        "the same, 40 accounts": replace(BUSY, caller_rate=1_000),
        "the same, answers held for 7 s": replace(BUSY, caller_rate=1_000, job=replace(BUSY.job, hold=7)),
        "40 accounts, no webhook, 7 s": replace(
            BUSY, caller_rate=1_000, job=replace(BUSY.job, webhook=False, looks=None)
        ),
        "40 accounts, no webhook, 150 s": replace(
            BUSY, caller_rate=1_000, job=replace(BUSY.job, webhook=False, looks=None, seconds=150)
        ),
    }
    rows = []
    for name, load in loads.items():
        first, second = quotas(load)[:2]
        rows.append(
            [
                name,
                _rate(first.holds),
                f"{a_day(first.holds):,.0f}",
                first.name,
                f"{second.name} ({_rate(second.holds)})",
            ]
        )
    return table(["workload", "a second", "a day", "breaks first", "then"], rows)


def ten_million() -> list[str]:
    """What the peak of ten million a day uses of each quota; how much of it has to be asked for."""
    peak = PEAK * TEN_MILLION / DAY
    load = replace(BUSY, accounts=1, callers=40, caller_rate=10, api_rate=50)
    rows = [
        [quota.name, _count(quota.allowed), _count(quota.used * peak), _needs(quota, peak)] for quota in quotas(load)
    ]
    return table(["quota", "default", "used at the peak", "so"], rows)


def bill() -> list[str]:
    job = BUSY.job
    month = TEN_MILLION * DAYS
    rows = [[name, _money(price), f"{price / 1000 * month:,.0f}"] for name, price in dollars(job).items()]
    whole = sum(dollars(job).values())
    rows.append(["**all of it**", f"**{_money(whole)}**", f"**{whole / 1000 * month:,.0f}**"])
    rows += [[name, _money(price), f"{price / 1000 * month:,.0f}"] for name, price in beside(job).items()]
    rows.append(["pictures of $0.003", _money(1000 * prices.PICTURE), f"{prices.PICTURE * month:,.0f}"])
    return table(["", "dollars a thousand", "dollars a month"], rows)


def together() -> list[str]:
    seconds = at_once(USUAL)
    rows = [[name, f"{value:.2f}"] for name, value in seconds.items() if value]
    rows.append(["all, answers not held", f"{sum(seconds.values()):.2f}"])
    held = at_once(replace(USUAL, hold=7))
    rows.append(["all, answers held for 7 s", f"{sum(held.values()):.2f}"])
    return table(["function", "at once, for each prediction a second"], rows)


def held() -> list[str]:
    """What it takes to hold calls, of models that are known."""
    load = Workload()
    rows = []
    for law in QUICK:
        for called in (True, False):
            way = usual(law, called=called, held=True)
            together = held_at_once(replace(load.job, webhook=called), way)
            rows.append(
                [
                    law.name,
                    "webhook" if called else "none",
                    f"{way.seconds:.1f}",
                    f"{way.looks:.1f}",
                    f"{together:.1f}",
                    _rate(load.lambdas / together),
                    _rate(CALLS_A_MINUTE / 60 / way.looks),
                ]
            )
    head = ["it takes", "webhook", "seconds held", "looks", "calls at once"]
    head += ["a second, by 1,000 calls at once", "a second, by one account's looks"]
    return table(head, rows)


def watching() -> list[str]:
    """What it costs to know how it is."""
    spend = alarmed(spend=True) - alarmed(spend=False)
    rows = [
        ("alarms, by the metrics that they look at", alarmed(spend=False), prices.ALARM_MONTH, prices.FREE_ALARMS),
        ("the alarm on what is spent", spend, prices.ALARM_MONTH, 0),
        ("the dashboard, at one provider", 1, prices.DASHBOARD_MONTH, _free_dashboards(1)),
        ("the dashboard, at several", 1, prices.DASHBOARD_MONTH, _free_dashboards(2)),
        ("metrics while nobody predicts", 0, prices.METRIC_MONTH, prices.FREE_METRICS),
        ("metrics of usual predictions at one provider", metrics(usual=True), prices.METRIC_MONTH, prices.FREE_METRICS),
        ("every metric there is, at one provider", metrics(usual=False), prices.METRIC_MONTH, prices.FREE_METRICS),
        ("each further provider, usually", metrics(usual=True, further=True), prices.METRIC_MONTH, 0),
    ]
    shown = [[what, f"{n}", f"{n * price:.2f}", f"{max(0, n - free) * price:.2f}"] for what, n, price, free in rows]
    return table(["", "how many", "dollars a month", "after the free ones"], shown)


def _free_dashboards(providers: int) -> int:
    return prices.FREE_DASHBOARDS if shown(providers) <= prices.FREE_SHOWN else 0


def _quotas(found: Iterable[Quota]) -> list[str]:
    rows = [
        [quota.name, quota.owner, _count(quota.allowed), f"{quota.used:.3g}", _rate(quota.holds), quota.raise_by]
        for quota in found
    ]
    return table(["quota", "whose", "a second, or at once", "one uses", "predictions a second", "to have more"], rows)


def _needs(quota: Quota, peak: float) -> str:
    if quota.holds >= peak:
        return "enough"
    return f"× {quota.used * peak / quota.allowed:.1f}: {quota.raise_by}"


def _money(price: float) -> str:
    return f"{price:.3f}" if price < 1 else f"{price:.2f}"


def _billed(number: float) -> str:
    return f"{number:.0f}" if number == round(number) else f"{number:.1f}"


def _rate(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


TABLES: Mapping[str, Callable[[], Sequence[str]]] = {
    "services": services,
    "ways": ways,
    "durations": durations,
    "steps": steps,
    "limits": limits,
    "breaks": ways_to_break,
    "ten-million": ten_million,
    "bill": bill,
    "together": together,
    "held": held,
    "watching": watching,
}


def main() -> int:
    for path in PAGES:
        path.write_text(page(path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
