"""AWS clients: made on first use, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_stepfunctions import SFNClient

_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})


@cache
def dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def s3() -> "S3Client":
    # What is signed for others to use: never by the older way, nor for the global endpoint, which is another region's.
    # Bodies go with a checksum, over TLS: to sign their SHA-256, too, would take as long as to encrypt them.
    options: Any = {"addressing_style": "virtual", "payload_signing_enabled": False}
    return boto3.client("s3", config=_CONFIG.merge(Config(signature_version="s3v4", s3=options)))


@cache
def secretsmanager() -> "SecretsManagerClient":
    return boto3.client("secretsmanager", config=_CONFIG)


@cache
def stepfunctions() -> "SFNClient":
    return boto3.client("stepfunctions", config=_CONFIG)


@cache
def functions() -> "LambdaClient":
    return boto3.client("lambda", config=_CONFIG)


@cache
def cloudfront() -> "CloudFrontClient":
    return boto3.client("cloudfront", config=_CONFIG)
