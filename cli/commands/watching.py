"""`lumeo watch`, and what every command does that waits for the end of predictions."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from cli import outputs
from cli.api import Prediction
from cli.codes import Code, CommandFailed, ending, worst
from cli.options import Command, Commands, add
from cli.watching import TERMINAL, Board, watch, word


def define(commands: Commands) -> None:
    """The command."""
    parser = add(
        commands,
        "watch, ID …",
        _watch,
        "Watch predictions until they are over, then print their outputs. Ctrl-C leaves them running. The exit code "
        "says how they ended.",
        """
        lumeo watch 01m8062j5znn5eh0eeh1h1eyv9
        lumeo watch $(lumeo submit owner/name prompt=corgi -n 4) --output pictures
        lumeo watch 01m8062j5znn5eh0eeh1h1eyv9 --json | jq -r '.output[0]'
        """,
    )
    parser.add_argument("ids", metavar="ID", nargs="+", help="which")
    parser.add_argument("--output", metavar="DIR", help="save what comes out there")


def _watch(command: Command) -> Code:
    where = outputs.folder(command.options.output) if command.options.output else None
    found, codes = each(command, command.options.ids)
    return worst([*codes, carry(command, found, where)])


def each(command: Command, ids: Sequence[str]) -> tuple[list[Prediction], list[Code]]:
    """The predictions of those ids; of what is not there it is said so, and the code is in the second list."""
    found: list[Prediction] = []
    codes: list[Code] = []
    for prediction_id in dict.fromkeys(ids):
        try:
            found.append(command.api.prediction(prediction_id))
        except CommandFailed as failed:
            if failed.code != Code.NOT_FOUND or len(ids) == 1:
                raise
            command.talk.say(f"{prediction_id}: {failed.lines[0]}", "red")
            codes.append(failed.code)
    return found, codes


def carry(command: Command, predictions: Sequence[Prediction], where: Path | None) -> Code:
    """Watch predictions to their end, show or save what came out, and say how they ended."""
    seen = {one["id"]: one for one in predictions}
    try:
        with Board(command.talk.err) as board:
            for prediction in watch(command.api, predictions):
                board.show(prediction)
                seen[prediction["id"]] = prediction
                if prediction["status"] in TERMINAL and command.talk.json:
                    command.talk.line(prediction)
    except KeyboardInterrupt as error:
        left = " ".join(name for name, one in seen.items() if one["status"] not in TERMINAL)
        lines = (f"  lumeo watch {left}   to watch again", f"  lumeo cancel {left}   to stop it") if left else ()
        raise CommandFailed(Code.INTERRUPTED, "Interrupted; it goes on without you.", *lines) from error
    _warn(command, seen.values())
    return worst([end(command, prediction, where, several=len(seen) > 1) for prediction in seen.values()])


def end(command: Command, prediction: Prediction, where: Path | None, *, several: bool = False) -> Code:
    """Show or save what came out of one that is over."""
    talk, code = command.talk, ending(prediction)
    if code != Code.FINE:
        error = f"{prediction['error']} ({prediction['error_code']})" if prediction.get("error") else ""
        talk.say(f"{prediction['id']}  {error or word(prediction)}", "red")
        return code
    if several and not talk.json:
        talk.say(prediction["id"], "dim")
    if where:
        for path in outputs.save(prediction, where, command.api):
            if talk.json:
                talk.say(f"Saved {path}", "dim")
            else:
                talk.result(str(path))
    elif not talk.json:
        talk.result(outputs.text(prediction["output"]))
    return code


def _warn(command: Command, predictions: Iterable[Prediction]) -> None:
    """What is said of several is said once."""
    said = [warning["detail"] for prediction in predictions for warning in prediction.get("warnings", [])]
    for detail in dict.fromkeys(said):
        command.talk.say(detail, "dim")
