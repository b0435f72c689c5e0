"""Lumeo: slow machine-learning APIs as one dependable HTTPS call."""

import gc
import os
import sys
import warnings

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # What a function imports stays: to look through it for garbage, again and again, is a tenth of a cold start. So
    # functions import nothing before this; `telemetry.invocation` ends it.
    gc.disable()
    # requests loads what guesses the encoding of texts that do not say theirs, and does without if there is nothing to
    # load: of what is fetched here only bytes are read.
    sys.modules["charset_normalizer"] = None  # type: ignore[assignment]
    warnings.filterwarnings("ignore", "Unable to find acceptable character detection")
