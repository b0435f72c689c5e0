"""Secrets, kept in memory for five minutes: the accounts at providers, by provider and name, and ours.

`{"replicate": {"default": "r8_…"}, "modal": {"default": {"base_url": "https://…", "key": "…"}}}`: an account is a text,
which is its `key`, or its fields.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider, get_secret
from aws_lambda_powertools.utilities.parameters.constants import DEFAULT_PROVIDERS

from lumeo import aws, settings
from lumeo.errors import ErrorCode, Rejected

MAX_AGE = 300
DEFAULT = "default"
"""The account of every caller who has none of the own name."""


def name(provider: str, caller: str) -> str:
    """Which account of a provider a caller's predictions run on: that of the caller's own name, if there is one."""
    return caller if _there(provider, caller, fresh=False) is not None else DEFAULT


def account(provider: str, name: str) -> Mapping[str, Any]:
    """The fields of an account. Raises Rejected when the owner has not put it into the secret."""
    # Only what is there is remembered: whoever puts the account in after a first try need not wait.
    found = _read(provider, name, fresh=False) or _read(provider, name, fresh=True)
    if found is None:
        raise Rejected(
            ErrorCode.PROVIDER_ACCOUNT,
            f'the provider secret has no account {name} of {provider}: put {{"{provider}": {{"{name}": "…"}}}} into it',
        )
    return found


def token(provider: str, name: str) -> str:
    """The key of a provider's account. Raises Rejected as `account`, and for an account without one."""
    found = account(provider, name).get("key")
    if not isinstance(found, str):
        raise Rejected(ErrorCode.PROVIDER_ACCOUNT, f"the account {name} of {provider} has no key")
    return found


def master() -> bytes:
    """The key that is ours alone, which other keys and tokens are made from."""
    return _secret(settings.master_secret()).encode()


def _there(provider: str, name: str, *, fresh: bool) -> Any:
    """What the owner wrote, whatever it is."""
    secret = _secret(settings.provider_secret(), fresh=fresh)
    try:
        return json.loads(secret)[provider][name]
    except (ValueError, LookupError, TypeError):
        return None


def _secret(name: str, *, fresh: bool = False) -> str:
    if "secrets" not in DEFAULT_PROVIDERS:
        # Powertools would make a client in a session of its own, which reads again all that boto3 has read for ours.
        DEFAULT_PROVIDERS["secrets"] = SecretsProvider(boto3_client=aws.secretsmanager())
    return str(get_secret(name, max_age=MAX_AGE, force_fetch=fresh))


def _read(provider: str, name: str, *, fresh: bool) -> dict[str, Any] | None:
    found = _there(provider, name, fresh=fresh)
    fields = {"key": found} if isinstance(found, str) else found
    if not isinstance(fields, dict):
        return None
    fields = {field: value.strip() if isinstance(value, str) else value for field, value in fields.items()}
    # A header takes no line break, nor anything else that cannot be seen.
    texts = [value for value in fields.values() if isinstance(value, str)]
    right = all(re.fullmatch(r"[ -~]*", text) for text in texts) and re.fullmatch(r"[!-~]*", str(fields.get("key", "")))
    return fields if right and any(fields.values()) else None
