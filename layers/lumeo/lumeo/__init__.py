"""Lumeo: slow machine-learning APIs as one dependable HTTPS call."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # What a function imports stays: to look through it for garbage, again and again, is a tenth of a cold start.
    # `telemetry.invocation` ends this.
    gc.disable()
