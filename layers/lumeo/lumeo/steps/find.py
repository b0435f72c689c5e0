"""Which runs at the provider a submission may have become."""

from lumeo import clock
from lumeo.errors import Ambiguous
from lumeo.hooks import hook_prefix
from lumeo.prediction import Handle, Intent, Prediction
from lumeo.providers import provider
from lumeo.providers.base import Search
from lumeo.steps.submission import submission

CLOCKS_DIFFER = 60
"""Seconds by which a provider's times may differ from ours."""


def candidates(prediction: Prediction, intent: Intent) -> list[Handle]:
    """What was proposed, or else what the provider lists with our webhook, oldest first.

    Raises Ambiguous where that cannot be told, and what else `Provider.find` raises.
    """
    upstream = provider(prediction.provider)
    if prediction.proposed:
        return [upstream.adopt(prediction.proposed, submission(prediction, intent.credential))]
    if not prediction.webhook:
        raise Ambiguous("no webhook was given with it by which it could be found")
    after = clock.later(-CLOCKS_DIFFER, intent.at)
    before = clock.later(CLOCKS_DIFFER + upstream.listing, intent.not_after)
    return list(upstream.find(Search(hook_prefix(prediction), after, before, intent.credential)))
