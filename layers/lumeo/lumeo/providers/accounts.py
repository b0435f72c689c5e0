"""Accounts at declared providers: the fields that the owner put into the secret, and where they may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumeo import urls
from lumeo.artifacts import Hosts
from lumeo.errors import ErrorCode, Rejected
from lumeo.providers.expressions import as_text
from lumeo.providers.grammar import Declaration

SHORTEST_HIDDEN = 8
"""Characters of a field that is taken for a secret: a shorter one would be found anywhere."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `trusted` are the hosts that get its credential, `files` those of files that need none.

    `hidden`: what of it must be seen nowhere.
    """

    fields: Mapping[str, Any]
    base: str
    trusted: Hosts
    files: Hosts
    hidden: tuple[str, ...]


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
        _hidden(declaration, fields),
    )


def _hidden(declaration: Declaration, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts of an account that are sent as the credential, by whichever name it asks for them."""
    auth, values = declaration.auth, {"account": fields, "options": declaration.options, "model": None}
    made = [template.of(values) for part in (auth.headers, auth.query, auth.body) for template in part.values()]
    sent = [text for value in made if (text := as_text(value))]
    texts = [text for text in fields.values() if isinstance(text, str) and len(text) >= SHORTEST_HIDDEN]
    return tuple(text for text in texts if any(text in one for one in sent))
