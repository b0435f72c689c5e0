"""The gallery's page and its files, as they are sent: under a policy by which nothing else is loaded, run or asked."""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lumeo.errors import NotFound
from lumeo.routes import Answer, Request

KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


class Gallery:
    """The page in a folder: `index.html`, and the files that it names under `/gallery/{version}/`.

    `version` changes with what any of the files holds, so that each may be kept for ever.
    """

    def __init__(self, folder: Path) -> None:
        self._html = (folder / "index.html").read_text()
        self.files = {path.name: path.read_bytes() for path in sorted(folder.rglob("*.*")) if path.suffix in KINDS}
        contents = b"".join(self.files[name] for name in sorted(self.files))
        self.version = hashlib.sha256(contents).hexdigest()[:12]

    def page(self, request: Request, outputs_url: str) -> Answer:
        """The page; `outputs_url`: the origin of the outputs. Which prediction it shows, it reads from its address."""
        html = self._html.replace("{version}", self.version).replace("{outputs}", outputs_url)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-cache",
            "Content-Security-Policy": policy(html, outputs_url),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        }
        return _sent(request, html.encode(), headers)

    def file(self, request: Request) -> Answer:
        """A file of the page. Raises ApiError 404 for one that there is not, and for one of another version."""
        name, version = request.parameters["file"], request.parameters["version"]
        if name not in self.files or version != self.version:
            raise NotFound
        return _sent(request, self.files[name], {"Content-Type": KINDS[Path(name).suffix], "Cache-Control": FOR_EVER})


def policy(html: str, outputs_url: str) -> str:
    """A Content-Security-Policy by which all comes from us, and outputs from their place."""
    inline = re.findall(r'<script type="importmap">(.*?)</script>', html, re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in inline
    )
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' {hashes}",
        "style-src": "'self'",
        "img-src": f"'self' {outputs_url}",
        "media-src": f"'self' {outputs_url}",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _sent(request: Request, content: bytes, headers: Mapping[str, str]) -> Answer:
    """An answer with bytes, compressed for who takes that: an HTTP API compresses nothing by itself."""
    packed = "gzip" in request.headers.get("accept-encoding", "")
    always = {"X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    return {
        "statusCode": 200,
        "headers": {**headers, **always, **({"Content-Encoding": "gzip"} if packed else {})},
        "body": base64.b64encode(_compressed(content) if packed else content).decode(),
        "isBase64Encoded": True,
    }


@cache
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
