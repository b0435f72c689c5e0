"""`make demo`: one prediction through the whole machine, watched as it goes, and its picture saved."""

import argparse
import re
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import requests
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.stack import HOME, ROOT, Ready, running
from local.template import REGION

LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 180
TERMINAL = {"succeeded", "failed", "canceled"}


@dataclass(frozen=True, slots=True)
class Step:
    """One state that the run entered: when, and for how long it stayed (None: it is still there)."""

    state: str
    at: float
    seconds: float | None
    detail: str


def main() -> int:
    options = _options()
    console = Console(soft_wrap=True)
    console.print(f"[bold]Lumeo[/] on this machine: submit → wait and look → keep   ({options.model})")
    try:
        with running(log=HOME / "demo.log") as ready:
            return _demo(ready, options, console)
    except KeyboardInterrupt:
        console.print("Stopped. What it had submitted ended with the stack.")
        return 130


def _demo(ready: Ready, options: argparse.Namespace, console: Console) -> int:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {ready.api_key}"
        prediction = _submit(session, ready, options)
        console.print(f"POST /v1/models/{options.model}/predictions → 201 {prediction['id']}")
        prediction = _watch(session, ready, prediction, console)
        console.print(_table(_steps(ready, prediction["id"])))
        if prediction["status"] != "succeeded":
            console.print(f"[red]{prediction['status']}[/]  {prediction['error'] or ''}  ({prediction['error_code']})")
            return 1
        _keep(session, prediction, console)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument(
        "--model", default="sim/image", help="a model of local/simulator/README.md (default: sim/image)"
    )
    parser.add_argument(
        "--prompt", default="a corgi on a hill at sunset", help="what to picture (default: %(default)s)"
    )
    return parser.parse_args()


def _submit(session: requests.Session, ready: Ready, options: argparse.Namespace) -> dict[str, Any]:
    answer = session.post(
        f"{ready.api_url}/models/{options.model}/predictions", json={"input": {"prompt": options.prompt}}, timeout=10
    )
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


def _watch(session: requests.Session, ready: Ready, prediction: dict[str, Any], console: Console) -> dict[str, Any]:
    """Follow the prediction as any client would, and say what its run does meanwhile."""
    columns = (TextColumn("{task.fields[status]:<10}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    end, seen = time.monotonic() + PATIENCE_SECONDS, 0
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        bar = progress.add_task("", total=100, status=prediction["status"])
        while prediction["status"] not in TERMINAL and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            prediction = session.get(prediction["urls"]["get"], timeout=10).json()
            done = 100 if prediction["status"] == "succeeded" else _percent(prediction["logs"])
            progress.update(bar, completed=done, status=prediction["status"])
            steps = [step for step in _steps(ready, prediction["id"]) if step.state.startswith("Wait")]
            for step in steps[seen:]:
                progress.console.print(f"  [dim]{step.at:5.1f} s[/]  {prediction['status']:<10}  {step.detail}")
            seen = len(steps)
    return prediction


def _percent(logs: str) -> int:
    """The last percentage in a model's progress lines, which tqdm writes as ` 18%|#8   | 9/50 …`."""
    found = re.findall(r"(\d{1,3})%\|", logs)
    return min(100, int(found[-1])) if found else 0


def _steps(ready: Ready, prediction_id: str) -> list[Step]:
    """The states that the run went through, from its execution history."""
    client = boto3.client("stepfunctions", endpoint_url=ready.aws_endpoint_url, region_name=REGION)
    arn = f"{ready.state_machine_arn.replace(':stateMachine:', ':execution:')}:{prediction_id}"
    events = client.get_execution_history(executionArn=arn)["events"]
    steps: list[Step] = []
    for event in events:
        if event["type"].endswith("StateEntered"):
            entered = event["stateEnteredEventDetails"]
            steps.append(_step(entered["name"], entered.get("input", ""), _since(events, event["timestamp"])))
        elif event["type"].endswith("StateExited"):
            last = steps.pop()
            steps.append(Step(last.state, last.at, _since(events, event["timestamp"]) - last.at, last.detail))
    return steps


def _step(state: str, given: str, at: float) -> Step:
    wait = re.search(r'"wait":\s*(\d+)', given)
    polls = re.search(r'"polls":\s*(\d+)', given)
    detail = {
        "Create": "submitted to the provider",
        "Wait": f"waits {wait[1] if wait else '?'} s before the next look",
        "WaitForWebhook": f"waits for a webhook, at most {wait[1] if wait else '?'} s",
        "WaitForRoom": f"waits {wait[1] if wait else '?'} s for room at the provider",
        "Status": f"look number {int(polls[1]) + 1 if polls else '?'}",
        "Finalize": "copies every output, writes the record",
    }
    return Step(state, at, None, detail.get(state, ""))


def _since(events: list[Any], moment: datetime) -> float:
    seconds: float = (moment - events[0]["timestamp"]).total_seconds()
    return seconds


def _table(steps: list[Step]) -> Table:
    table = Table(title="The run, state by state", title_justify="left", box=None, padding=(0, 2))
    for name, justify in (("at", "right"), ("state", "left"), ("took", "right"), ("", "left")):
        table.add_column(name, justify=justify, style="dim" if name != "state" else "")  # type: ignore[arg-type]
    for step in steps:
        if step.detail:
            took = f"{step.seconds:.2f} s" if step.seconds is not None else "…"
            table.add_row(f"{step.at:.2f} s", step.state, took, step.detail)
    return table


def _keep(session: requests.Session, prediction: dict[str, Any], console: Console) -> None:
    output = prediction["output"]
    url = output[0] if isinstance(output, list) else output
    if not isinstance(url, str) or not url.startswith("http"):
        console.print(f"Output   {output}")
        return
    answer = session.get(url, timeout=30)
    answer.raise_for_status()
    picture = HOME / f"demo.{url.rpartition('.')[2]}"
    picture.write_bytes(answer.content)
    console.print(f"Saved    {_shown(picture)}  ({len(answer.content):,} bytes)")
    console.print(f"URL      {url}")
    console.print("         [dim]as permanent as its bucket: it stays in AWS, and ends here with the demo[/]")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
