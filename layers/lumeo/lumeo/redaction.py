"""What must be seen nowhere, taken out of texts: pure."""

import re

# Without a word boundary before them: in JSON text a line end is written \n, and n is a letter.
_SECRETS = re.compile(
    r"(r8_)[A-Za-z0-9]{30,}|(lum_)[A-Za-z0-9_-]{43}|(whsec_)[A-Za-z0-9+/=]{24,}"
    r"|(/v1/hooks/[\w-]+/[0-9a-z]{26}/)[A-Za-z0-9_-]+"
)


def redacted(text: str) -> str:
    """The text with Replicate's and our own tokens, and webhooks' secrets, replaced by their prefix and stars.

    To be done before a text is cut: half a token is none that could be told.
    """
    return _SECRETS.sub(r"\1\2\3\4****", text)
