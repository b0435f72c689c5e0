"""Providers' tokens: from one secret, `{"replicate": {"default": "r8_…"}}`, kept in memory for five minutes."""

import json
import re

from aws_lambda_powertools.utilities import parameters

from lumeo import settings
from lumeo.errors import ErrorCode, Rejected

MAX_AGE = 300


def token(provider: str, account: str) -> str:
    """The token of a provider's account. Raises Rejected when the owner has not put one into the secret."""
    try:
        found = json.loads(parameters.get_secret(settings.provider_secret(), max_age=MAX_AGE))[provider][account]
    except (ValueError, LookupError, TypeError):
        found = None
    # A header takes no line break, nor anything else that cannot be seen.
    if not isinstance(found, str) or not re.fullmatch(r"[!-~]+", found.strip()):
        raise Rejected(
            ErrorCode.PROVIDER_ACCOUNT,
            f'the provider secret has no token for {provider}: put {{"{provider}": {{"{account}": "…"}}}} into it',
        )
    return found.strip()
