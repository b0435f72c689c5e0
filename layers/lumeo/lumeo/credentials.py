"""Providers' tokens: from one secret, `{"replicate": {"default": "r8_…"}}`, kept in memory for five minutes."""

from aws_lambda_powertools.utilities import parameters

from lumeo import settings
from lumeo.errors import ErrorCode, Rejected

MAX_AGE = 300


def token(provider: str, account: str) -> str:
    """The token of a provider's account. Raises Rejected when the owner has not put one into the secret."""
    accounts = parameters.get_secret(settings.provider_secret(), max_age=MAX_AGE, transform="json")
    found = accounts.get(provider, {}).get(account) if isinstance(accounts, dict) else None
    if not found:
        raise Rejected(
            ErrorCode.PROVIDER_ACCOUNT,
            f'the provider secret has no token for {provider}: put {{"{provider}": {{"{account}": "…"}}}} into it',
        )
    return str(found)
