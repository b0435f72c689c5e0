"""`lumeo keys`: API keys are made, listed and revoked in the table itself, by who has the AWS credentials."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from cli import show
from cli.codes import Code, CommandFailed
from cli.options import Command, Commands, add

if TYPE_CHECKING:
    from lumeo.keys import Key

SHORTEST = 6
"""Characters that name a key, at least."""


def define(commands: Commands) -> None:
    """The commands of `keys`."""
    found = commands.add_parser("keys", help="Make, list and revoke API keys, with AWS credentials")
    inner = found.add_subparsers(
        title="commands", metavar="COMMAND", dest="subcommand", required=True, prog="lumeo keys"
    )
    create = add(
        inner,
        "keys create, --caller NAME",
        _create,
        "Make an API key and print it. It is shown this once: only its hash is stored.",
        """
        lumeo keys create --caller alice --name laptop --stack lumeo-dev
        export LUMEO_API_KEY=$(lumeo keys create --caller alice)
        """,
    )
    create.add_argument(
        "--caller", metavar="NAME", required=True, help="whose key it is; keys of one caller see the same predictions"
    )
    create.add_argument("--name", default="", help="a note for people, such as the machine that uses it")
    listing = add(
        inner,
        "keys list",
        _list,
        "List the API keys, newest first.",
        """
        lumeo keys list --stack lumeo-dev
        lumeo keys list --caller alice --json
        """,
    )
    listing.add_argument("--caller", metavar="NAME", help="only whose key it is")
    revoke = add(
        inner,
        "keys revoke, ID",
        _revoke,
        "Revoke an API key. The API remembers keys, so that it may be used for a minute more.",
        """
        lumeo keys revoke 3f9a21c07b5e --stack lumeo-dev
        lumeo keys revoke - < leaked-key.txt
        """,
    )
    revoke.add_argument(
        "id", metavar="ID", help="its id, or the beginning of it; - reads the key itself from standard input"
    )


def _create(command: Command) -> Code:
    # What needs boto3, which takes a third of a second, is loaded here, and not for every command.
    from cli.deployed import aws, keys  # noqa: PLC0415
    from lumeo.keys import id_of  # noqa: PLC0415

    options, talk = command.options, command.talk
    made = keys(options)
    try:
        with aws():
            key = made.create(options.caller, options.name)
    except ValueError as error:
        raise CommandFailed(Code.WRONG_USE, f"No key was made: {error}.") from error
    if talk.json:
        talk.document({"key": key, "id": id_of(key), "owner": options.caller, "name": options.name})
    else:
        talk.result(key)
    talk.say(f"It belongs to {options.caller} and is not shown again: only its hash is stored.", "dim")
    return Code.FINE


def _list(command: Command) -> Code:
    found = [key for key in _made(command) if command.options.caller in {None, key.owner}]
    if command.talk.json:
        command.talk.document([asdict(key) for key in found])
    elif found:
        show.keys(command.talk, found)
    else:
        command.talk.say("There is none.", "dim")
    return Code.FINE


def _revoke(command: Command) -> Code:
    from cli.deployed import aws, keys  # noqa: PLC0415
    from lumeo.keys import REMEMBERED_SECONDS, id_of  # noqa: PLC0415

    key_id = id_of(sys.stdin.readline().strip()) if command.options.id == "-" else _named(command)
    made = keys(command.options)
    with aws():
        key = made.revoke(key_id)
    if key is None:
        raise CommandFailed(Code.NOT_FOUND, "There is no such key.", "`lumeo keys list` shows them.")
    if command.talk.json:
        command.talk.document(asdict(key))
    else:
        command.talk.result(f"{show.short(key)}  revoked")
    command.talk.say(f"Who used it lately may go on for at most {REMEMBERED_SECONDS} seconds.", "dim")
    return Code.FINE


def _named(command: Command) -> str:
    """The id of the one key whose id begins so."""
    beginning = command.options.id.lower()
    if len(beginning) < SHORTEST:
        raise CommandFailed(Code.WRONG_USE, f"A key is named by at least {SHORTEST} characters of its id.")
    found = [key for key in _made(command) if key.id.startswith(beginning)]
    if len(found) > 1:
        raise CommandFailed(Code.WRONG_USE, f"{len(found)} keys begin with {beginning}: say more of it.")
    # Keys from before there was a list are known by the whole of it.
    return found[0].id if found else beginning


def _made(command: Command) -> "list[Key]":
    from cli.deployed import aws, keys  # noqa: PLC0415

    made = keys(command.options)
    with aws():
        return list(made.made())
