"""AWS on one machine: moto's server with DynamoDB, S3, Secrets Manager and Step Functions, whose runs call our code.

moto runs the state machine itself, as strictly as AWS (see strictness.py); the Lambda calls that its executor makes
come back over HTTP and are answered here.
"""

import functools
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Any, cast

import boto3
import yaml
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local import events, quickness, strictness
from local.serving import Server
from local.template import REGION, Template
from lumeo.telemetry import logger

Invoke = Callable[[str, Any], Any]
OnEnd = Callable[[dict[str, Any]], None]

_INVOCATION = re.compile(r"/2015-03-31/functions/(?P<function>.+)/invocations")


def distribution(client: Any, template: Template) -> str:
    """Make the CDN's distribution, as far as moto wants one to be described; its id."""
    ((_, spec),) = template.resources("AWS::CloudFront::Distribution").items()
    config = spec["DistributionConfig"]
    origins = [{"Id": origin["Id"], "DomainName": "bucket.test"} for origin in config["Origins"]]
    behavior = {
        **config["DefaultCacheBehavior"],
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
    }
    wanted = {"TargetOriginId", "ViewerProtocolPolicy", "ForwardedValues"}
    made = client.create_distribution(
        DistributionConfig={
            "CallerReference": "made at start",
            "Comment": config["Comment"],
            "Enabled": True,
            "Origins": {"Quantity": len(origins), "Items": origins},
            "DefaultCacheBehavior": {name: value for name, value in behavior.items() if name in wanted},
        }
    )
    return str(made["Distribution"]["Id"])


class Aws:
    """A running AWS. `environment` is what a process needs in order to reach it.

    `on_end` is given EventBridge's event for every execution that has ended, in a thread of its own.
    """

    def __init__(self, invoke: Invoke, port: int = 0, on_end: OnEnd | None = None) -> None:
        self._config = default_user_config["stepfunctions"]
        default_user_config["stepfunctions"] = {**self._config, "execute_state_machine": True}
        strictness.apply()
        quickness.apply()
        strictness.listeners.add(self._ended)
        self._invoke = invoke
        self._on_end = on_end
        self._moto = cast("Any", DomainDispatcherApplication(create_backend_app))
        # It would look through its folder, and match every service's pattern, for each request.
        self._moto.get_backend_for_host = functools.cache(self._moto.get_backend_for_host)
        # moto's backends are not safe under parallel writes.
        self._one_at_a_time = threading.Lock()
        self._server = Server(self._answer, port)
        self.url = self._server.url
        self.environment = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            # Where moto's executor makes its own calls to AWS.
            "MOTO_PORT": str(self._server.port),
        }

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 (moto takes any)
        )

    def create(self, template: Template, secret: str) -> dict[str, str]:
        """Make what the template describes: the table, the bucket, the state machine; `secret`, and generated ones.

        What the environment must say besides, since it has a name only now.
        """
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        for name, table in template.resources("AWS::DynamoDB::Table").items():
            spec = {key: table[key] for key in wanted if key in table}
            self.client("dynamodb").create_table(TableName=template.name(name), **spec)
        for name in template.resources("AWS::S3::Bucket"):
            self.client("s3").create_bucket(Bucket=template.name(name))
        for name, spec in template.resources("AWS::SecretsManager::Secret").items():
            made = secrets.token_urlsafe(48) if "GenerateSecretString" in spec else secret
            self.client("secretsmanager").create_secret(Name=template.name(name), SecretString=made)
        for name in template.resources("AWS::Serverless::StateMachine"):
            self.client("stepfunctions").create_state_machine(
                name=template.name(name),
                definition=json.dumps(yaml.safe_load(template.definition())),
                roleArn=f"arn:aws:iam::123456789012:role/{template.name(name)}",
            )
        return {"DISTRIBUTION_ID": distribution(self.client("cloudfront"), template)}

    def close(self) -> None:
        strictness.listeners.discard(self._ended)
        self._server.close()
        default_user_config["stepfunctions"] = self._config

    def _ended(self, execution: Any) -> None:
        """Not in the thread that ended it, which may hold moto's lock."""
        if self._on_end:
            event = events.status_change(execution)
            threading.Thread(target=self._deliver, args=(self._on_end, event), daemon=True).start()

    def _deliver(self, on_end: OnEnd, event: dict[str, Any]) -> None:
        try:
            on_end(event)
        except Exception:  # noqa: BLE001 (EventBridge would try again later; sweep's schedule is as good)
            logger.exception("an event was not taken", event=event["detail"]["executionArn"])

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = _INVOCATION.fullmatch(environ["PATH_INFO"])
        if found:
            return self._invocation(found["function"], environ, start_response)
        with self._one_at_a_time:
            return list(self._moto(environ, start_response))

    def _in_its_own_time(self, function: str, event: Any) -> None:
        try:
            self._invoke(function.rsplit(":", 1)[-1], event)
        except Exception:  # noqa: BLE001 (nobody waits for it)
            logger.exception("a function failed", failed=function)

    def _invocation(self, function: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """What Lambda answers, errors included: their type is what the state machine's ErrorEquals sees."""
        event = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or "{}")
        if environ.get("HTTP_X_AMZ_INVOCATION_TYPE") == "Event":
            threading.Thread(target=self._in_its_own_time, args=(function, event), daemon=True).start()
            start_response("202 Accepted", [("Content-Length", "0")])
            return []
        headers = [("Content-Type", "application/json")]
        try:
            body = self._invoke(function.rsplit(":", 1)[-1], event)
        except Exception as error:  # noqa: BLE001 (Lambda reports every exception of a handler)
            logger.exception("a function failed", failed=function)
            headers.append(("X-Amz-Function-Error", "Unhandled"))
            body = {"errorType": type(error).__name__, "errorMessage": str(error)}
        content = json.dumps(body).encode()
        start_response("200 OK", [*headers, ("Content-Length", str(len(content)))])
        return [content]
