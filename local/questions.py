"""What is asked before a stack is made, and which answers are taken: by the template's own words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

ORDER = (
    *("AlarmEmail", "DollarsPerDay", "VersionPolicy"),
    *("DomainName", "CertificateArn", "OutputsDomainName", "OutputsCertificateArn", "HostedZoneId"),
)
"""What matters from the first day on. All else has a default that is right for most."""


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
    return wrong(parameter, answer)


def wrong(parameter: Mapping[str, Any], value: str) -> str | None:
    """What CloudFormation has against a parameter's value; None for one that it takes."""
    allowed = [str(one) for one in parameter.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"It is one of {', '.join(allowed)}."
    if not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
        return f"It {parameter['ConstraintDescription']}"
    if len(value) < parameter.get("MinLength", 0):
        return "It must not be empty."
    least = parameter.get("MinValue")
    if least is not None and not (re.fullmatch(r"\d+(\.\d+)?", value) and float(value) >= least):
        return f"It is a number from {least} on."
    return None


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """`Name=value`, each, by name. Raises ValueError for a text that is none."""
    for text in texts:
        if not re.fullmatch(r"\w+=.*", text):
            raise ValueError(f"{text!r} is no Name=value")
    return dict(text.split("=", 1) for text in texts)
