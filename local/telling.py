"""What `make deploy` tells: what it is about to make, where that is, and what comes next."""

from collections.abc import Mapping

from bench import prices
from bench.watching import alarmed
from local.template import Template

NOTHING = "nothing while nobody predicts"
SWEEP_MONTH = 0.06
"""As docs/cost.md says: a call a minute. How long one takes is an assumption."""
TOKEN = "Your token at Replicate (r8_…), for the stack's secret. It is not shown. Enter leaves it for later."  # noqa: S105
FLUX = "black-forest-labs/flux-schnell"


def plan(template: Template, *, alarms: bool) -> list[str]:
    """What a stack is made of, and what that costs a month while nobody predicts."""
    functions, rings = len(template.functions()), len(template.resources("AWS::CloudWatch::Alarm"))
    secrets = len(template.resources("AWS::SecretsManager::Secret")) * prices.SECRET_MONTH
    watched = max(0, alarmed(spend=False) - prices.FREE_ALARMS) * prices.ALARM_MONTH
    rows = [
        (f"an API, {functions} functions and a state machine", NOTHING),
        ("a CDN for outputs", NOTHING),
        ("a table and a bucket, which outlive the stack", "what is kept in them"),
        ("the minute's sweep, which finds what got lost", f"${SWEEP_MONTH:.2f}"),
        ("two secrets", f"${secrets:.2f}"),
    ]
    if alarms:
        rows.append((f"{rings} alarms and a dashboard", f"${watched:.2f}, after those that an account has free"))
    return [
        "There is no such stack yet. It will have, and cost a month (docs/cost.md):",
        *(f"  {what:<48}{price}" for what, price in rows),
        "Enter takes what stands in brackets. Whatever is said here can be changed later: docs/deploying.md.",
    ]


def urls(outputs: Mapping[str, str]) -> list[str]:
    """Where a stack is."""
    lines = ["", f"API      {outputs['ApiUrl']}", f"Gallery  {outputs['GalleryUrl']}"]
    return lines + ([f"Watch    {outputs['DashboardUrl']}"] if "DashboardUrl" in outputs else [])


def first(outputs: Mapping[str, str], stack: str, key: str, said: Mapping[str, str], *, token: bool) -> list[str]:
    """How to begin with a stack that was just made, and what is left to do."""
    api, bearer = outputs["ApiUrl"], f"-H 'Authorization: Bearer {key}'"
    picture = (
        f'{bearer} -H \'Prefer: wait\' -d \'{{"input": {{"prompt": "a corgi"}}}}\' {api}/models/{FLUX}/predictions'
    )
    anything = said.get("VersionPolicy", "any") == "any"
    begin = [
        *("", "Begin:", f"  {outputs['GalleryUrl']}   and sign in with the key"),
        f"  curl {picture if anything else f'{bearer} {api}/models'}",
        f"  LUMEO_API_KEY={key} .venv/bin/lumeo {_example(anything)} --stack {stack}",
    ]
    left = [
        *(
            []
            if token
            else [f"Put a provider's token into the secret {outputs['ProviderSecretArn']}: docs/deploying.md"]
        ),
        *([f"Confirm the mail that AWS sends to {said['AlarmEmail']}"] if said.get("AlarmEmail") else []),
        *(f"Let {said[name]} lead to {outputs[target]}, by a CNAME" for name, target in _by_hand(said)),
    ]
    shown = ["", f"API key  {key}", "         of the caller `me`; it is not shown again"]
    return shown + (["", "Left to do:", *(f"  {one}" for one in left)] if left else []) + begin


def unfinished(stack: str) -> list[str]:
    """What is left to do by hand where a first time ends before there is a key."""
    return [
        "",
        "This ended early: no key was made, and the token was not kept. Where the stack comes up all the same,",
        "the next `make deploy` asks nothing. So, once it is there:",
        f"  make key CALLER=me STACK={stack}",
        "  Put a provider's token into its secret: docs/deploying.md#the-first-time",
    ]


def _example(anything: bool) -> str:  # noqa: FBT001 (the only thing that it is told)
    return f'submit {FLUX} --prompt "a corgi"' if anything else "models"


def _by_hand(said: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names that no record was made for, each with the output that says where it has to lead."""
    names = (("DomainName", "DomainTarget"), ("OutputsDomainName", "OutputsDomainTarget"))
    return [(name, target) for name, target in names if said.get(name) and not said.get("HostedZoneId")]
