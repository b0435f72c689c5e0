"""The environment of a process, as Lambda would set it for a function; put back afterwards."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aws_lambda_powertools.utilities import parameters

from lumeo import aws, catalogue, experience, files, keys, models, pages, providers, rates, repeats, store


@contextmanager
def variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Run a block with these variables set, and with clients that were made under them."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    _forget()
    try:
        yield
    finally:
        _forget()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _forget() -> None:
    clients = (aws.dynamodb, aws.s3, aws.secretsmanager, aws.stepfunctions, aws.functions, aws.cloudfront)
    tables = (store.store, pages.pages, files.files, keys.keys, rates.clocks, repeats.repeats, models.models)
    for made in (*clients, *tables, experience.experiences, providers.provider, catalogue.catalogue):
        made.cache_clear()
    parameters.clear_caches()  # type: ignore[no-untyped-call]
