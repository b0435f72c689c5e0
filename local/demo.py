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
from rich.console import Console
from rich.table import Table

from cli import outputs
from cli.api import Api, Prediction
from cli.codes import CommandFailed
from cli.place import Place
from cli.watching import Board, watch
from local import HOME
from local.stack import ROOT, Ready, running
from local.template import REGION

PATIENCE_SECONDS = 180


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
    api = Api(Place(ready.api_url, ready.api_key, "the ready file", ready.ca_bundle))
    path = f"/models/{options.model}/predictions"
    try:
        prediction = api.one("POST", path, json={"input": {"prompt": options.prompt}})
    except CommandFailed as refused:
        console.print(*refused.lines, sep="\n", markup=False)
        return refused.code
    console.print(f"POST /v1{path} → 201 {prediction['id']}")
    prediction = _watch(api, ready, prediction, console)
    console.print(_table(_steps(ready, prediction["id"])))
    if prediction["status"] != "succeeded":
        console.print(f"[red]{prediction['status']}[/]  {prediction['error'] or ''}  ({prediction['error_code']})")
        return 1
    _keep(api, prediction, console)
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


def _watch(api: Api, ready: Ready, prediction: Prediction, console: Console) -> Prediction:
    """Follow the prediction as any client would, and say what its run does meanwhile."""
    end, said = time.monotonic() + PATIENCE_SECONDS, 0
    with Board(console) as board:
        for seen in watch(api, [prediction]):
            prediction = seen
            board.show(prediction)
            steps = [step for step in _steps(ready, prediction["id"]) if step.state.startswith("Wait")]
            for step in steps[said:]:
                console.print(f"  [dim]{step.at:5.1f} s[/]  {prediction['status']:<10}  {step.detail}")
            said = len(steps)
            if time.monotonic() > end:
                break
    return prediction


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


def _keep(api: Api, prediction: Prediction, console: Console) -> None:
    output = prediction["output"]
    url = output[0] if isinstance(output, list) else output
    if not isinstance(url, str) or not url.startswith("http"):
        console.print(f"Output   {output}")
        return
    picture = outputs.fetch(url, HOME / f"demo.{url.rpartition('.')[2]}", api)
    console.print(f"Saved    {_shown(picture)}  ({picture.stat().st_size:,} bytes)")
    console.print(f"URL      {url}")
    console.print("         [dim]as permanent as its bucket: it stays in AWS, and ends here with the demo[/]")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
