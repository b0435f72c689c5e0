"""`lumeo submit` and `lumeo rerun`: new predictions, each paid for once."""

import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cli import inputs, outputs
from cli.api import Prediction, checked
from cli.codes import Code, CommandFailed, Uncertain
from cli.commands.watching import carry
from cli.options import Command, Commands, add, count


def define(commands: Commands) -> None:
    """Both commands."""
    submit = add(
        commands,
        "submit, MODEL [key=value …]",
        _submit,
        "Submit a prediction. A terminal then shows its progress and its output; else its id is printed.",
        """
        lumeo submit black-forest-labs/flux-schnell --prompt "a corgi on a hill"
        lumeo submit lumeo/portrait image=@me.jpg num_outputs=2 --output pictures
        lumeo submit owner/name:5c7d5dc6dd8b… --input request.json seed=7 -n 4
        lumeo submit fal-ai/flux/dev --provider fal --prompt "a corgi"
        lumeo submit - --provider anthropic --input batch.json --no-watch
        """,
    )
    submit.add_argument(
        "model",
        metavar="MODEL",
        help="owner/name, owner/name:version, a version's hash, deployments/owner/name, a name of the catalogue; "
        "or what --provider calls it, - where it has none",
    )
    submit.add_argument(
        "pairs",
        metavar="key=value",
        nargs="*",
        help="the input, each value as JSON where it is some; key=@file hands the file in and passes its URL",
    )
    submit.add_argument("--prompt", metavar="TEXT", help="the same as prompt=TEXT, and always text")
    submit.add_argument("--input", metavar="FILE", help="the input as a JSON object, - for standard input")
    submit.add_argument("--provider", metavar="NAME", help="another than replicate: see docs/providers.md")
    submit.add_argument(
        "--option", metavar="key=value", action="append", default=[], help="for --provider; may be repeated"
    )
    _common(submit)
    rerun = add(
        commands,
        "rerun, ID",
        _rerun,
        "Submit a prediction with the input of another. It is a new one, and paid for.",
        """
        lumeo rerun 01m8062j5znn5eh0eeh1h1eyv9
        lumeo rerun 01m8062j5znn5eh0eeh1h1eyv9 -n 3 --output more
        """,
    )
    rerun.add_argument("id", metavar="ID", help="whose input it has")
    _common(rerun)


def _common(parser: ArgumentParser) -> None:
    parser.add_argument("-n", type=count, default=1, metavar="N", help="submit it N times (default: 1)")
    parser.add_argument("--cancel-after", metavar="TIME", help="stop it after that time: 90s, 5m, 1h30m")
    parser.add_argument("--webhook", metavar="URL", help="be told there of its end")
    parser.add_argument(
        "--idempotency-key", metavar="TEXT", help="what names this request for 24 h: its repeats make nothing new"
    )
    parser.add_argument("--output", metavar="DIR", help="save what comes out there; waits for it")
    watched = parser.add_mutually_exclusive_group()
    watched.add_argument(
        "--watch",
        action="store_true",
        default=None,
        help="wait for the end, also where standard output is no terminal, or with --json",
    )
    watched.add_argument("--no-watch", action="store_false", dest="watch", help="never wait; print the id")


def _submit(command: Command) -> Code:
    path, body = inputs.target(command.options)
    where = _folder(command)
    body["input"] = inputs.given(command.options, command.api, command.talk)
    return _new(command, path, body, where)


def _rerun(command: Command) -> Code:
    return _new(command, f"/predictions/{checked(command.options.id)}/rerun", {}, _folder(command))


def _folder(command: Command) -> Path | None:
    if command.options.output and command.options.watch is False:
        raise CommandFailed(Code.WRONG_USE, "--output has to wait for the end, which --no-watch forbids.")
    return outputs.folder(command.options.output) if command.options.output else None


def _new(command: Command, path: str, body: dict[str, Any], where: Path | None) -> Code:
    options, talk = command.options, command.talk
    watched = options.watch
    if watched is None:
        watched = bool(where) or (talk.out.is_terminal and not talk.json)
    if options.webhook:
        body["webhook"] = options.webhook
    made: list[Prediction] = []
    try:
        _create(command, path, body, made)
    except BaseException:
        # Those that were accepted go on.
        _show(command, made)
        raise
    if watched:
        return carry(command, made, where)
    _show(command, made)
    talk.say(f"Watch: lumeo watch {' '.join(one['id'] for one in made)}", "dim")
    return Code.FINE


def _create(command: Command, path: str, body: dict[str, Any], made: list[Prediction]) -> None:
    """Submit as often as was said. Each request has a name of its own, so that it may be made again."""
    options = command.options
    key = options.idempotency_key or str(uuid.uuid4())
    headers = {"Cancel-After": options.cancel_after} if options.cancel_after else {}
    try:
        for n in range(options.n):
            name = key if options.n == 1 else f"{key}-{n}"
            made.append(command.api.one("POST", path, json=body, headers={**headers, "Idempotency-Key": name}))
    except (CommandFailed, KeyboardInterrupt) as error:
        failed = error if isinstance(error, CommandFailed) else CommandFailed(Code.INTERRUPTED, "Interrupted.")
        # What was refused made nothing that could be made twice.
        if error is failed and not made and not isinstance(error, Uncertain):
            raise
        some = f"Accepted, as far as is known: {len(made)} of {options.n}." if made else "It may have been accepted."
        again = f"{some} Nothing is paid for twice if you repeat the command with"
        files = [f"  {pair}" for pair in inputs.handed_in(options, body)]
        raise CommandFailed(failed.code, *failed.lines, again, f"  --idempotency-key {key}", *files) from error


def _show(command: Command, made: list[Prediction]) -> None:
    for prediction in made:
        if command.talk.json:
            command.talk.line(prediction)
        else:
            command.talk.result(prediction["id"])
