"""What the environment says, typed, and read when it is asked for: importing needs no environment.

A function here is named as its variable, in lower case; `template.yaml` sets each, and a test holds the two together.
"""

import os


class SettingMissing(RuntimeError):
    """A setting that a function needs is not in its environment."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not set: deploy the function with template.yaml, or start it with `make run`")


def table_name() -> str:
    return _required("TABLE_NAME")


def bucket_name() -> str:
    return _required("BUCKET_NAME")


def state_machine_arn() -> str:
    return _required("STATE_MACHINE_ARN")


def announce_function() -> str:
    """The function that tells callers of their predictions."""
    return _required("ANNOUNCE_FUNCTION")


def provider_secret() -> str:
    """ARN of the secret that holds the providers' tokens: `{"replicate": {"default": "r8_…"}}`."""
    return _required("PROVIDER_SECRET")


def master_secret() -> str:
    """ARN of the secret that webhook URLs, and the secrets of callers' webhooks, are made with."""
    return _required("MASTER_SECRET")


def outputs_url() -> str:
    """Origin of the CDN before the bucket's `outputs/` and `inputs/`, without a slash at its end."""
    return _required("OUTPUTS_URL").rstrip("/")


def distribution_id() -> str:
    """The CDN's distribution."""
    return _required("DISTRIBUTION_ID")


def public_url() -> str | None:
    """Our own origin where the owner gave the API a name of its own; else the request's is taken."""
    return os.environ.get("PUBLIC_URL", "").rstrip("/") or None


def replicate_base_url() -> str:
    """With its path: some gateways serve Replicate below one."""
    return _required("REPLICATE_BASE_URL").rstrip("/")


def replicate_output_hosts() -> tuple[str, ...]:
    """Where Replicate's files may be fetched: host names (https), `*.` for sub-domains, or whole origins (`http://…`)."""
    return tuple(host.strip() for host in _required("REPLICATE_OUTPUT_HOSTS").split(",") if host.strip())


def replicate_creates_per_minute() -> int:
    """How many predictions Replicate lets this account create."""
    return int(_required("REPLICATE_CREATES_PER_MINUTE"))


def replicate_listing_seconds() -> int:
    """After so long a prediction that Replicate accepted is in its list."""
    return int(_required("REPLICATE_LISTING_SECONDS"))


def caller_creates_per_minute() -> int:
    """How many predictions one caller may create."""
    return int(_required("CALLER_CREATES_PER_MINUTE"))


def version_policy() -> str:
    """Which models callers may run: `any`; `pinned`, by a version's hash alone; `catalogue`, those of the catalogue."""
    return _required("VERSION_POLICY")


def catalogue_file() -> str:
    """The file that names the owner's own models."""
    return _required("CATALOGUE_FILE")


def max_output_bytes() -> int:
    """Size of one output file above which it is not copied."""
    return int(_required("MAX_OUTPUT_BYTES"))


def input_days() -> int:
    """Days for which files that callers hand in are kept."""
    return int(_required("INPUT_DAYS"))


def webhook_origins() -> tuple[str, ...]:
    """Origins that callers' webhooks may be on besides https on the public internet; `*` stands for any port."""
    return tuple(origin.strip() for origin in os.environ.get("WEBHOOK_ORIGINS", "").split(",") if origin.strip())


def record_days() -> int:
    """Days for which a finished prediction's record is kept; 0: for ever."""
    return int(_required("RECORD_DAYS"))


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SettingMissing(name)
    return value
