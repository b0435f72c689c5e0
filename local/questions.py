"""A deployment's parameters: those of its stage, which others are asked for, and which values the template takes."""

import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.codes import Code, CommandFailed

ORDER = (
    *("AlarmEmail", "DollarsPerDay", "VersionPolicy"),
    *("DomainName", "CertificateArn", "OutputsDomainName", "OutputsCertificateArn", "HostedZoneId"),
)
"""What matters from the first day on. All else has a default that is right for most."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A section of samconfig.toml: a stack, and the parameters that every deployment gives it."""

    name: str
    stack: str
    parameters: Mapping[str, str]


def staged(name: str, path: Path) -> Stage:
    """The section of that name. Raises CommandFailed."""
    sections: dict[str, Any] = tomllib.loads(path.read_text())
    stages = [key for key, section in sections.items() if isinstance(section, dict) and "deploy" in section]
    if name not in stages:
        raise CommandFailed(
            Code.WRONG_USE, f"ENV is one of {', '.join(stages)}, as {path.name} has them, not {name!r}."
        )
    found = sections[name]["deploy"]["parameters"]
    said = found.get("parameter_overrides", [])
    try:
        return Stage(name, found["stack_name"], pairs(shlex.split(said) if isinstance(said, str) else said))
    except ValueError as error:
        raise CommandFailed(Code.WRONG_USE, f"{path.name}, parameter_overrides of {name}: {error}.") from error


def following(said: Mapping[str, str]) -> str | None:
    """The parameter to ask for next, by what was said of others; None where nothing is left to ask."""
    return next((name for name in ORDER if name not in said and _matters(name, said)), None)


def _matters(name: str, said: Mapping[str, str]) -> bool:
    match name:
        case "AlarmEmail" | "DollarsPerDay":
            return said.get("Alarms") != "no"
        case "DomainName":
            return not said.get("PublicUrl")
        case "CertificateArn":
            return bool(said.get("DomainName"))
        case "OutputsCertificateArn":
            return bool(said.get("OutputsDomainName"))
        case "HostedZoneId":
            return bool(said.get("DomainName") or said.get("OutputsDomainName"))
    return True


def refused(name: str, parameter: Mapping[str, Any], answer: str) -> str | None:
    """What is against an answer to a question; None for one that is taken."""
    if name.endswith("CertificateArn") and not answer:
        return "The name needs one: docs/deploying.md says how it is made. Ctrl-C gives up; nothing was deployed."
    return wrong(name, parameter, answer)


def wrong(name: str, parameter: Mapping[str, Any], value: str) -> str | None:
    """What AWS would have against a parameter's value; None for one that it takes."""
    allowed = [str(one) for one in parameter.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"It is one of {', '.join(allowed)}."
    if not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
        return f"It {parameter['ConstraintDescription']}"
    if len(value) < parameter.get("MinLength", 0):
        return "It must not be empty."
    least, money = parameter.get("MinValue"), name.startswith("Dollars")
    if least is not None and not (re.fullmatch(r"\d+(\.\d+)?" if money else r"\d+", value) and float(value) >= least):
        return f"It is a {'number' if money else 'whole number'} from {least} on."
    return None


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """`Name=value`, each, by name. Raises ValueError for a text that is none."""
    for text in texts:
        if not re.fullmatch(r"\w+=.*", text):
            raise ValueError(f"{text!r} is no Name=value")
    return dict(text.split("=", 1) for text in texts)
