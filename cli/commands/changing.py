"""`lumeo cancel` and `lumeo delete`: what changes predictions that there are."""

import sys
from collections.abc import Callable

from cli.api import checked
from cli.codes import Code, CommandFailed, worst
from cli.options import Command, Commands, add
from cli.watching import word


def define(commands: Commands) -> None:
    """Both commands."""
    cancel = add(
        commands,
        "cancel, ID …",
        _cancel,
        "Stop predictions. What is over stays as it is.",
        """
        lumeo cancel 01m8062j5znn5eh0eeh1h1eyv9
        lumeo list --status processing --json | jq -r '.[].id' | xargs lumeo cancel
        """,
    )
    cancel.add_argument("ids", metavar="ID", nargs="+", help="which")
    delete = add(
        commands,
        "delete, ID …",
        _delete,
        "Delete the inputs and outputs of predictions for good. What runs has to be canceled first.",
        """
        lumeo delete 01m8062j5znn5eh0eeh1h1eyv9
        lumeo delete --yes 01m8062j5znn5eh0eeh1h1eyv9 01m80649x2j6w8t1zk4q3v5b7n
        """,
    )
    delete.add_argument("ids", metavar="ID", nargs="+", help="which")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def _cancel(command: Command) -> Code:
    def cancel(prediction_id: str) -> None:
        found = command.api.one("POST", f"/predictions/{checked(prediction_id)}/cancel")
        if command.talk.json:
            command.talk.line(found)
        else:
            command.talk.result(f"{prediction_id}  {word(found)}")
        if found["status"] in {"starting", "processing"}:
            command.talk.say("It was told to stop.", "dim")

    return _each(command, cancel)


def _delete(command: Command) -> Code:
    if not command.options.yes and not _agreed(command):
        command.talk.say("Nothing was deleted.")
        return Code.FAILED

    def delete(prediction_id: str) -> None:
        command.api.call("DELETE", f"/predictions/{checked(prediction_id)}")
        if command.talk.json:
            command.talk.line({"id": prediction_id, "deleted": True})
        else:
            command.talk.result(f"{prediction_id}  deleted")

    return _each(command, delete)


def _agreed(command: Command) -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed(Code.WRONG_USE, "Nobody can be asked here: say --yes.")
    several = len(command.options.ids)
    what = "this prediction's input and output" if several == 1 else f"the inputs and outputs of {several} predictions"
    command.talk.err.print(f"Delete {what} for good? [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _each(command: Command, change: Callable[[str], None]) -> Code:
    """Change each of several, whatever becomes of the others."""
    codes, ids = [Code.FINE], list(dict.fromkeys(command.options.ids))
    for prediction_id in ids:
        try:
            change(prediction_id)
        except CommandFailed as failed:
            if len(ids) == 1 or failed.code in {Code.NOT_ALLOWED, Code.UNREACHABLE, Code.WRONG_USE}:
                raise
            command.talk.say(f"{prediction_id}: {' '.join(failed.lines)}", "red")
            codes.append(failed.code)
    return worst(codes)
