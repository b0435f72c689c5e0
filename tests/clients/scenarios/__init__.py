"""Everything that each client is put through, in the order of the page."""

from tests.clients.scenarios import (
    creating,
    ending,
    files,
    listing,
    losses,
    models,
    refusals,
    running,
    webhooks,
)
from tests.clients.scenarios.registry import declared

TOPICS = (running, creating, ending, listing, refusals, models, files, webhooks, losses)
SCENARIOS = [scenario for topic in TOPICS for scenario in declared(topic)]
