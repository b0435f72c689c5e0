"""`make deploy`: deploys what was built. A stack's first time is guided; later ones keep what it was given then."""

import argparse
import getpass
import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.codes import Code, CommandFailed
from cli.deployed import aws, client, keys, outputs
from cli.options import DEFAULTS
from local import telling
from local.questions import Stage, following, pairs, refused, staged, wrong
from local.template import Template

ROOT = Path(__file__).parent.parent
SAM = ROOT / ".venv-sam" / "bin" / "sam"
ELSEWHERE = {
    **dict.fromkeys(("--region", "--profile"), "AWS_REGION and AWS_PROFILE say where."),
    **dict.fromkeys(("--stack-name", "--config-env"), "ENV says which: a section of samconfig.toml."),
    "--parameter-overrides": 'PARAMETERS="Name=value …" says parameters.',
}
"""Options of SAM CLI that we have to know ourselves."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy. The exit code is SAM CLI's, or says what was wrong before or after it."""
    options = _options(arguments)
    try:
        return _deploy(options)
    except CommandFailed as failed:
        print("\n  ".join([f"make deploy: {failed.lines[0]}", *failed.lines[1:]]), file=sys.stderr)
        return failed.code
    except (KeyboardInterrupt, EOFError):
        print("\nInterrupted.", file=sys.stderr)
        return Code.INTERRUPTED


def _deploy(options: Namespace) -> int:
    template = Template(ROOT / "template.yaml")
    parameters = template.source()["Parameters"]
    stage = staged(options.env, options.config)
    given = _given(options, stage, parameters)
    said = {**stage.parameters, **given}
    before = _before(stage.stack)
    with aws():
        asking = client("sts")
        account = asking.get_caller_identity()
    print(f"{stage.stack} in account {account['Account']}, {asking.meta.region_name}, as {account['Arn']}", flush=True)
    _check_processor({**(before or {}), **said}, given, parameters["Architecture"]["Default"])
    ask = sys.stdin.isatty() and os.environ.get("ASK") != "no"
    if before is not None or not ask:
        code = _sam(options, stage, asking.meta.region_name, given, ask=ask)
        return code or _tell(telling.urls(outputs(stage.stack)))
    _tell(telling.plan(template, alarms=said.get("Alarms") != "no"))
    answers = _answers(parameters, said)
    print(f"\n{telling.TOKEN}")
    token = getpass.getpass("Token []: ").strip()
    with ExitStack() as unfinished:
        unfinished.callback(_tell, telling.unfinished(stage.stack))
        code = _sam(options, stage, asking.meta.region_name, {**given, **answers}, ask=ask)
        if code:
            return code
        found = {} if _before(stage.stack) is None else outputs(stage.stack)
        key = _key(stage.stack) if found else ""
        unfinished.pop_all()
    return _begin(found, stage.stack, key, {**said, **answers}, token) if key else _tell(["Nothing was deployed."])


def _key(stack: str) -> str:
    with aws():
        return keys(Namespace(**{**DEFAULTS, "stack": stack})).create("me", "made by make deploy")


def _begin(found: Mapping[str, str], stack: str, key: str, said: Mapping[str, str], token: str) -> int:
    """Put in the token; whatever comes of that, say how to go on."""
    kept = False
    try:
        if token:
            _keep(found["ProviderSecretArn"], token)
            kept = True
    finally:
        _tell([*telling.urls(found), *telling.first(found, stack, key, said, token=kept)])
    return Code.FINE


def _tell(lines: Sequence[str]) -> int:
    print("\n".join(lines), flush=True)
    return Code.FINE


def _options(arguments: Sequence[str] | None) -> Namespace:
    parser = argparse.ArgumentParser(
        prog="make deploy", description=__doc__, epilog="After -- stands what else `sam deploy` is told (ARGS)."
    )
    parser.add_argument("env", help="a section of samconfig.toml (ENV)")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of PARAMETERS")
    parser.add_argument("--sam", type=Path, default=SAM, help="default: %(default)s")
    parser.add_argument("--config", type=Path, default=ROOT / "samconfig.toml", help="default: %(default)s")
    words = list(sys.argv[1:] if arguments is None else arguments)
    ours = words.index("--") if "--" in words else len(words)
    return parser.parse_args(words[:ours], Namespace(rest=words[ours + 1 :]))


def _given(options: Namespace, stage: Stage, parameters: Mapping[str, Any]) -> dict[str, str]:
    """What PARAMETERS says. Raises CommandFailed for what a parameter does not take, or would not keep."""
    for word in {text.partition("=")[0] for text in options.rest} & ELSEWHERE.keys():
        raise CommandFailed(Code.WRONG_USE, f"{word} is not for ARGS.", ELSEWHERE[word])
    try:
        given = pairs(options.parameter)
    except ValueError as error:
        raise CommandFailed(Code.WRONG_USE, f"PARAMETERS: {error}.") from error
    for name, value in given.items():
        problem = wrong(name, parameters[name], value) if name in parameters else "There is no such parameter."
        if not problem and stage.parameters.get(name, value) != value:
            problem = f"{options.config.name} says {stage.parameters[name]} at every deployment: change it there."
        if problem:
            raise CommandFailed(Code.WRONG_USE, f"PARAMETERS: {name}={value}", problem)
    return given


def _before(stack: str) -> dict[str, str] | None:
    """The parameters that a stack has; None before its first time. Raises CommandFailed for one that never came up."""
    try:
        with aws():
            found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except CommandFailed as failed:
        if isinstance(failed.__cause__, ClientError) and "does not exist" in str(failed):
            return None
        raise
    if found["StackStatus"] in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}:
        said = f"The first deployment of {stack} failed, and what is left of it is in the way."
        hint = "docs/deploying.md#when-the-first-deployment-fails says how to read why, and how to delete it."
        raise CommandFailed(Code.FAILED, said, hint)
    if found["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None
    return {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}


def _check_processor(said: Mapping[str, str], built: Mapping[str, str], usual: str) -> None:
    """The layer holds compiled code, and `make build` knows PARAMETERS alone."""
    runs = said.get("Architecture", usual)
    if runs != built.get("Architecture", usual):
        hint = f'Build it for that: make deploy … PARAMETERS="Architecture={runs}"'
        raise CommandFailed(Code.WRONG_USE, f"The stack is to run on {runs}, and this is built for another.", hint)


def _answers(parameters: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, str]:
    """What the person answers, as far as it is not the default."""
    answers: dict[str, str] = {}
    while name := following({**said, **answers}):
        usual = str(parameters[name]["Default"])
        print(f"\n{parameters[name]['Description']}")
        answers[name] = input(f"{name} [{usual}]: ").strip() or usual
        while problem := refused(name, parameters[name], answers[name]):
            print(problem)
            answers[name] = input(f"{name} [{usual}]: ").strip() or usual
    return {name: answer for name, answer in answers.items() if answer != str(parameters[name]["Default"])}


def _sam(options: Namespace, stage: Stage, region: str, more: Mapping[str, str], *, ask: bool) -> int:
    command = [str(options.sam), "deploy", "--config-env", stage.name, "--config-file", str(options.config.resolve())]
    command += ["--region", region, *([] if ask else ["--no-confirm-changeset"])]
    if more:
        # It takes the place of the section's. An empty value has to be quoted.
        overrides = [f"{name}={value or chr(34) * 2}" for name, value in {**stage.parameters, **more}.items()]
        command += ["--parameter-overrides", *overrides]
    return subprocess.run([*command, *options.rest], check=False, cwd=ROOT).returncode  # noqa: S603 (its options are ours)


def _keep(secret: str, token: str) -> None:
    """Put the token beside what is in the secret."""
    with aws():
        manager = client("secretsmanager")
        accounts = json.loads(manager.get_secret_value(SecretId=secret)["SecretString"])
        accounts["replicate"] = {**accounts.get("replicate", {}), "default": token}
        manager.put_secret_value(SecretId=secret, SecretString=json.dumps(accounts))


if __name__ == "__main__":
    sys.exit(main())
