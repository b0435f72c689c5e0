"""Secrets, kept in memory for five minutes: the tokens of providers, `{"replicate": {"default": "r8_…"}}`, and ours."""

import json
import re

from aws_lambda_powertools.utilities import parameters

from lumeo import settings
from lumeo.errors import ErrorCode, Rejected

MAX_AGE = 300


def token(provider: str, account: str) -> str:
    """The token of a provider's account. Raises Rejected when the owner has not put one into the secret."""
    # Only what is there is remembered: whoever puts the token in after a first try need not wait.
    found = _read(provider, account, fresh=False) or _read(provider, account, fresh=True)
    if found is None:
        raise Rejected(
            ErrorCode.PROVIDER_ACCOUNT,
            f'the provider secret has no token for {provider}: put {{"{provider}": {{"{account}": "…"}}}} into it',
        )
    return found


def master() -> bytes:
    """The key that is ours alone, which other keys and tokens are made from."""
    return str(parameters.get_secret(settings.master_secret(), max_age=MAX_AGE)).encode()


def _read(provider: str, account: str, *, fresh: bool) -> str | None:
    secret = parameters.get_secret(settings.provider_secret(), max_age=MAX_AGE, force_fetch=fresh)
    try:
        token = json.loads(secret)[provider][account].strip()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    # A header takes no line break, nor anything else that cannot be seen.
    return token if re.fullmatch(r"[!-~]+", token) else None
