"""`make cost`: what a thousand predictions cost at AWS, service by service. The provider's own price comes besides.

python -m bench.cost --seconds 7 --per-day 10000 --no-webhook
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench import known, looks, prices
from bench.functions import COPY_SECONDS_PER_MB, FUNCTIONS
from bench.looks import transitions
from bench.usage import STEPS, Usage
from lumeo.uploads import FIRST, PART

FIRST_MB, PART_MB = FIRST / 1e6, PART / 1e6
"""What is larger than the first is stored in parts: that one, and others of the second size."""
HELD_READS_A_SECOND = 1.0
"""While an answer is held, the record is read about so often."""
INVOCATION_LOG, METRIC_LOG, ACCESS_LOG = 450, 440, 330
"""Bytes: what Lambda says of a call, one of our lines (metrics are lines too), one of the API's."""
LINES = {"Submit": 1, "Create": 2, "Webhook": 1, "Finalize": 2, "Announce": 1}
DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One prediction. `look_ms`: how long one look takes; `hold`: seconds for which its caller waits for the answer.

    `known`: others of its model have ended before, so that it is known when to look. `looks`: how often it is looked
    at, the end not counted; None takes what the schedule brings about.
    """

    seconds: float = 7
    webhook: bool = True
    outputs: int = 1
    output_mb: float = 2
    reads: float = 3
    told: bool = False
    hold: float = 0
    look_ms: float = 150
    known: bool = True
    looks: float | None = None


def usage(job: Job) -> Usage:
    """What it uses of AWS."""
    vain = _vain(job)
    told = STEPS["tell"] if job.told else Usage()
    extra = max(0, job.outputs - 1) * STEPS["output"] if job.outputs else -1 * Usage(puts=1, written=3)
    held = Usage(read=job.hold * HELD_READS_A_SECOND)
    common = STEPS["submit"] + STEPS["create"] + vain * STEPS["look"] + extra + told + held + job.reads * STEPS["read"]
    tellings = 1 if job.told else 0
    if job.webhook:
        ways = STEPS["heard"] + STEPS["woken"] + STEPS["look and finalize"] + (vain + 1) * STEPS["park"]
        return common + ways + Usage(transitions=transitions(looks=vain, woken=True, tellings=tellings))
    ways = STEPS["last look"] + STEPS["finalize"]
    return common + ways + Usage(transitions=transitions(looks=vain + 1, tellings=tellings))


def dollars(job: Job) -> dict[str, float]:
    """What a thousand cost, by service."""
    used = usage(job)
    lines = sum(number * (INVOCATION_LOG + METRIC_LOG * LINES.get(name, 0)) for name, number in used.calls.items())
    one = {
        "Step Functions": used.transitions * prices.TRANSITION,
        "DynamoDB": (used.written + used.moved) * prices.WRITE + used.read * prices.READ,
        "Lambda": sum(used.calls.values()) * prices.INVOCATION + gb_seconds(job) * prices.GB_SECOND,
        "API Gateway": used.requests * prices.REQUEST,
        "S3": (used.puts + job.outputs * _parts(job.output_mb)) * prices.PUT,
        "CloudWatch Logs": (lines + used.requests * ACCESS_LOG) * prices.LOG_BYTE,
        "X-Ray": (1 + used.requests) * prices.TRACED * prices.TRACE,
    }
    return {name: 1000 * price for name, price in one.items()}


def beside(job: Job) -> dict[str, float]:
    """What a thousand cost besides: each month that they are kept, and when their outputs are fetched once."""
    size = job.outputs * job.output_mb * 1e6
    return {
        "outputs kept, a month": 1000 * size * prices.STORED_BYTE_MONTH,
        "outputs fetched once through CloudFront": 1000 * size * prices.EGRESS_BYTE,
    }


def gb_seconds(job: Job) -> float:
    """What its functions are billed for."""
    memory = {name: function.memory / 1024 for name, function in FUNCTIONS.items()}
    ran = sum(number * FUNCTIONS[name].gb_seconds for name, number in usage(job).calls.items())
    looked = usage(job).calls.get("Status", 0) * memory["Status"] * (job.look_ms / 1000 - FUNCTIONS["Status"].seconds)
    copied = memory["Finalize"] * job.outputs * job.output_mb * COPY_SECONDS_PER_MB
    return ran + looked + copied + memory["Submit"] * job.hold


def _vain(job: Job) -> float:
    """Looks that find it running."""
    if job.looks is not None:
        return job.looks
    if job.webhook:
        return known.in_vain(job.seconds) if job.known else looks.in_vain(job.seconds)
    return (known.looks(job.seconds) if job.known else looks.looks(job.seconds)) - 1


def _parts(megabytes: float) -> int:
    """PUTs beyond one of an output that is stored in parts: one for each, one to begin and one to end."""
    return 2 + math.ceil((megabytes - FIRST_MB) / PART_MB) if megabytes > FIRST_MB else 0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    per_day = options.per_day
    job = Job(**{name: value for name, value in vars(options).items() if name != "per_day"})
    console = Console()
    console.print(_table(dollars(job), per_day, f"A thousand predictions of {job.seconds:g} s, {per_day:,} a day"))
    console.print(_table(beside(job), per_day, "Besides"))
    used, free = usage(job).transitions, prices.FREE_TRANSITIONS
    console.print(
        f"{used:.1f} state transitions each. us-east-1, before free tiers: of transitions, {free:,} a month are free, "
        f"which is {free / used:,.0f} of these predictions. The provider's own price is not in it."
    )
    return 0


def _table(parts: Mapping[str, float], per_day: int, title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    table.add_column("")
    for name in ("a thousand", "a month", "share"):
        table.add_column(name, justify="right")
    whole = sum(parts.values())
    for name, price in [*parts.items(), ("all of it", whole)]:
        month = price / 1000 * per_day * DAYS
        table.add_row(name, f"${price:.4f}", f"${month:,.2f}", f"{price / whole:.0%}" if whole else "")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make cost", description=__doc__.partition("\n")[0] if __doc__ else None)
    flag = argparse.BooleanOptionalAction
    job = Job()
    parser.add_argument("--seconds", type=_positive, default=job.seconds, help="how long one takes (%(default)s)")
    parser.add_argument("--per-day", type=_count, default=10_000, help="how many a day (%(default)s)")
    parser.add_argument("--webhook", action=flag, default=True, help="the provider calls back")
    parser.add_argument("--outputs", type=_count, default=job.outputs, help="files that one makes (%(default)s)")
    parser.add_argument("--output-mb", type=_number, default=job.output_mb, help="size of each in MB (%(default)s)")
    parser.add_argument("--reads", type=_number, default=job.reads, help="GETs by its caller (%(default)s)")
    parser.add_argument("--hold", type=_number, default=job.hold, help="seconds held by Prefer: wait (%(default)s)")
    parser.add_argument("--told", action=flag, default=False, help="the caller is told of the end by a webhook")
    parser.add_argument("--look-ms", type=_number, default=job.look_ms, help="how long a look takes (%(default)s)")
    parser.add_argument("--known", action=flag, default=True, help="others of the model have ended before")
    parser.add_argument("--looks", type=_number, help="looks that find it running, instead of the schedule's")
    return parser


def _number(text: str) -> float:
    value = _float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if not value:
        raise argparse.ArgumentTypeError("it has to be more than 0")
    return value


def _count(text: str) -> int:
    value = _number(text)
    if value != int(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(value)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


if __name__ == "__main__":
    sys.exit(main())
