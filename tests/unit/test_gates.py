"""What `make check` is told to overlook has its reason beside it."""

import re

import yaml

from tests.conftest import ROOT

CHECKOV = (ROOT / ".checkov.yaml").read_text()


def test_what_checkov_skips_is_explained() -> None:
    """A comment above each, or above the group that it belongs to."""
    skipped = yaml.safe_load(CHECKOV)["skip-check"]
    groups = re.findall(r"((?:  # .+\n)+)((?:  - CKV\w+\n?)+)", CHECKOV)

    assert re.findall(r"CKV\w+", "".join(checks for _, checks in groups)) == skipped
    assert len(set(skipped)) == len(skipped)
    assert all(len(reason) > 60 for reason, _ in groups)


def test_what_is_skipped_at_a_resource_is_explained() -> None:
    template = (ROOT / "template.yaml").read_text()
    skips = re.findall(r"- id: CKV\w+\n +comment: >-\n +(.+)", template)

    assert len(skips) == template.count("id: CKV")
    assert all(len(reason) > 30 for reason in skips)


def test_only_chance_is_no_secret() -> None:
    """Of what looks for secrets, only what goes by chance is off: all that knows a token by its shape is on."""
    (tokens,) = re.findall(r"^TOKENS +:= (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert set(re.findall(r"--disable-plugin (\w+)", tokens)) == {
        "Base64HighEntropyString",
        "HexHighEntropyString",
        "KeywordDetector",
    }
