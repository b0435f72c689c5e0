"""Accounts at declared providers: the fields that the owner put into the secret, and where they may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumeo import urls
from lumeo.artifacts import Hosts
from lumeo.errors import ErrorCode, Rejected
from lumeo.providers.grammar import Declaration

SHORTEST_HIDDEN = 8
"""Characters of a field that is taken for a secret: a shorter one would be found anywhere."""
_PUBLIC = {"base_url", "output_hosts"}


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `trusted` are the hosts that get its credential, `files` those of files that need none."""

    fields: Mapping[str, Any]
    base: str
    trusted: Hosts
    files: Hosts

    @property
    def hidden(self) -> tuple[str, ...]:
        """What of it must be seen nowhere."""
        texts = [value for name, value in self.fields.items() if name not in _PUBLIC and isinstance(value, str)]
        return tuple(text for text in texts if len(text) >= SHORTEST_HIDDEN)


def read(declaration: Declaration, credential: str, fields: Mapping[str, Any]) -> Account:
    """The account of that name. Raises Rejected for one that lacks what the declaration needs."""
    missing = sorted(name for name in declaration.auth.needs if not fields.get(name))
    base = fields.get("base_url") or declaration.base
    if missing or not isinstance(base, str) or urls.read(base) is None:
        wrong = f"has no {', '.join(missing)}" if missing else "has no base_url that is a URL"
        raise Rejected(ErrorCode.PROVIDER_ACCOUNT, f"the account {credential} of {declaration.name} {wrong}")
    own = [str(urls.origin(base))] if fields.get("base_url") else []
    named = fields.get("output_hosts")
    hosts = named.split(",") if isinstance(named, str) else named if isinstance(named, list) else []
    return Account(
        fields,
        base.rstrip("/"),
        Hosts([*declaration.hosts, *own]),
        Hosts([*declaration.files, *(str(host).strip() for host in hosts)]),
    )
