"""`lumeo get`, `list`, `open` and `models`: looking without touching."""

import webbrowser
from itertools import islice

from cli import outputs, show
from cli.codes import Code, CommandFailed
from cli.commands.watching import end
from cli.options import Command, Commands, add, count
from cli.watching import TERMINAL

STATUSES = ("starting", "processing", "succeeded", "failed", "canceled")


def define(commands: Commands) -> None:
    """All four commands."""
    get = add(
        commands,
        "get, ID",
        _get,
        "Show a prediction. With --save, keep what came out of it; the exit code then says how it ended.",
        """
        lumeo get 01m8062j5znn5eh0eeh1h1eyv9
        lumeo get 01m8062j5znn5eh0eeh1h1eyv9 --save pictures
        lumeo get 01m8062j5znn5eh0eeh1h1eyv9 --json | jq .input
        """,
    )
    get.add_argument("id", metavar="ID", help="which")
    get.add_argument("--save", metavar="DIR", help="save its outputs there")
    listing = add(
        commands,
        "list",
        _list,
        "List your predictions, newest first.",
        """
        lumeo list
        lumeo list --status failed --limit 100
        lumeo list --model black-forest-labs/flux-schnell --json | jq -r '.[].id'
        """,
    )
    listing.add_argument("--status", choices=STATUSES, help="only those")
    listing.add_argument("--model", metavar="NAME", help="only of that model")
    listing.add_argument("--provider", metavar="NAME", help="only at that provider")
    listing.add_argument("--limit", type=count, default=20, metavar="N", help="at most so many (default: 20)")
    opening = add(
        commands,
        "open, ID",
        _open,
        "Open a prediction in the browser.",
        """
        lumeo open 01m8062j5znn5eh0eeh1h1eyv9
        lumeo open 01m8062j5znn5eh0eeh1h1eyv9 --print
        """,
    )
    opening.add_argument("id", metavar="ID", help="which")
    opening.add_argument("--print", action="store_true", help="only print the address of its page")
    add(
        commands,
        "models",
        _models,
        "List the models of the catalogue, which are run by their names.",
        """
        lumeo models
        lumeo models --json | jq -r '.[].name'
        """,
    )


def _get(command: Command) -> Code:
    where = outputs.folder(command.options.save) if command.options.save else None
    prediction = command.api.prediction(command.options.id)
    if command.talk.json:
        command.talk.document(prediction)
    if where is None:
        if not command.talk.json:
            show.prediction(command.talk, prediction)
        return Code.FINE
    if prediction["status"] not in TERMINAL:
        hint = f"lumeo watch {prediction['id']} --output {where}"
        raise CommandFailed(Code.FAILED, f"It is not over ({prediction['status']}): nothing was saved.", hint)
    return end(command, prediction, where)


def _list(command: Command) -> Code:
    options = command.options
    query = {name: getattr(options, name) for name in ("status", "model", "provider") if getattr(options, name)}
    found = list(islice(command.api.pages("/predictions", query), options.limit))
    if command.talk.json:
        command.talk.document(found)
    elif found:
        show.predictions(command.talk, found)
    else:
        command.talk.say("There is none.", "dim")
    return Code.FINE


def _open(command: Command) -> Code:
    url = command.api.prediction(command.options.id)["urls"]["web"]
    if command.talk.json:
        command.talk.document({"url": url})
    else:
        command.talk.result(url)
    if command.options.print:
        return Code.FINE
    # What the service says is not to run a program here.
    if url.startswith(("https://", "http://")) and webbrowser.open(url):
        return Code.FINE
    raise CommandFailed(Code.FAILED, "No browser could be opened: the address is above.")


def _models(command: Command) -> Code:
    found = list(command.api.pages("/models", {}))
    if command.talk.json:
        command.talk.document(found)
    elif found:
        show.models(command.talk, found)
    else:
        command.talk.say("The catalogue is empty: catalogue.toml names its models.", "dim")
    return Code.FINE
