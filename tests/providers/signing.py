"""Signs webhooks as providers do."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nacl.signing import SigningKey
from werkzeug.wrappers import Request, Response

from lumeo.providers import provider
from lumeo.providers.grammar import Hmac

if TYPE_CHECKING:
    from tests.providers.stage import Stage


class Signatures:
    """Signatures of every kind, and the public key of those that need one, at a URL."""

    def __init__(self) -> None:
        self.url = ""
        self._key = SigningKey.generate()

    def application(self, _: Request) -> Response:
        """The public key, as fal publishes its own."""
        public = base64.urlsafe_b64encode(self._key.verify_key.encode()).decode().rstrip("=")
        return Response(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": public}]}))

    def headers(self, stage: "Stage", prediction_id: str, body: bytes) -> Mapping[str, str]:
        """Those of a call that tells of a prediction; none where calls are not signed."""
        declared = stage.declaration.webhook
        assert declared
        stamp = str(int(stage.driver.clock.now().timestamp()))
        if declared.verify == "fal":
            return self._fal(stage.job, stamp, body)
        if declared.hmac is None:
            return {}
        engine: Any = provider(stage.name)
        secret = engine._webhook_secret(prediction_id)
        assert stage.seen("submit")[0].shows(secret), "the submission does not hand it over"
        return _hmac(declared.hmac, secret, stamp, body)

    def _fal(self, job: str, stamp: str, body: bytes) -> dict[str, str]:
        lines = {"Request-Id": job, "User-Id": "user-1", "Timestamp": stamp}
        message = "\n".join([*lines.values(), hashlib.sha256(body).hexdigest()])
        signature = self._key.sign(message.encode()).signature.hex()
        return {f"X-Fal-Webhook-{name}": value for name, value in {**lines, "Signature": signature}.items()}


def _hmac(declared: Hmac, secret: str, stamp: str, body: bytes) -> dict[str, str]:
    before, _, after = declared.signed.partition("{body}")
    around = [part.replace("{id}", "msg-1").replace("{timestamp}", stamp).encode() for part in (before, after)]
    digest = hmac.new(secret.encode(), around[0] + body + around[1], hashlib.sha256).digest()
    text = digest.hex() if declared.encoding == "hex" else base64.b64encode(digest).decode()
    named = {declared.id_header: "msg-1", declared.timestamp_header: stamp}
    return {name: value for name, value in named.items() if name} | {declared.header: f"{declared.prefix}{text}"}
