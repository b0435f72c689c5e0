"""The owner's own models: what the file may say, and a sentence with its place for everything else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumeo import catalogue
from lumeo.catalogue import CatalogueWrong, Entry, parsed

ROOT = Path(__file__).parents[2]
HASH = "0123456789abcdef" * 4
PINNED = f"acme/portraits:{HASH}"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that the environment names."""
    path = tmp_path / "ours.toml"
    path.write_text(f'portrait = "{PINNED}"\n')
    monkeypatch.setenv("CATALOGUE_FILE", str(path))
    catalogue.catalogue.cache_clear()
    yield path
    catalogue.catalogue.cache_clear()


class TestRight:
    def test_a_line_names_a_version(self) -> None:
        assert parsed(f'portrait = "{PINNED}"', "ours.toml") == {"portrait": Entry(name="portrait", version=PINNED)}

    def test_a_table_says_more(self) -> None:
        text = f"""
            ["landscape-2.1"]
            version = "{PINNED}"
            description = "A wide picture of a place"
            deadline = "10m"
            input = {{aspect_ratio = "16:9", num_outputs = 1, tags = ["a", {{b = true}}]}}
        """

        (entry,) = parsed(text, "ours.toml").values()

        assert entry == Entry(
            name="landscape-2.1",
            version=PINNED,
            description="A wide picture of a place",
            deadline=600,
            input={"aspect_ratio": "16:9", "num_outputs": 1, "tags": ["a", {"b": True}]},
        )
        assert entry.model == "lumeo/landscape-2.1"

    def test_an_official_model_has_no_hash(self) -> None:
        assert (
            parsed('fast = "black-forest-labs/flux-schnell"', "x")["fast"].version == "black-forest-labs/flux-schnell"
        )

    @pytest.mark.parametrize(
        ("deadline", "seconds"), [("90", 90), ('"90s"', 90), ('"1h30m"', 5400), ("5", 5), ('"168h"', 604_800)]
    )
    def test_a_deadline_is_a_duration(self, deadline: str, seconds: int) -> None:
        assert parsed(f'[p]\nversion = "a/b"\ndeadline = {deadline}', "x")["p"].deadline == seconds

    def test_nothing_is_a_catalogue(self) -> None:
        assert parsed("# Nothing yet.\n", "ours.toml") == {}

    @pytest.mark.parametrize("name", ["layers/lumeo/lumeo/catalogue.toml", "local/catalogue.toml"])
    def test_the_projects_own_are_right(self, name: str) -> None:
        parsed((ROOT / name).read_text(), name)

    def test_the_examples_of_the_empty_one_are_right(self) -> None:
        """Who takes the signs of comment away has a catalogue."""
        text = (ROOT / "layers/lumeo/lumeo/catalogue.toml").read_text()
        lines = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]

        assert parsed("\n".join(lines).replace("owner/name:hash", PINNED), "x").keys() == {"portrait", "landscape"}


class TestWrong:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param("portrait", "Expected '='", id="no TOML"),
            pytest.param('portrait = "a/b"\nportrait = "c/d"', "Cannot overwrite a value", id="a name twice"),
            pytest.param("portrait = 7", 'portrait should be "owner/name:hash" or a table', id="a number"),
            pytest.param("portrait = []", 'portrait should be "owner/name:hash" or a table', id="a list"),
            pytest.param('[[portrait]]\nversion = "a/b"', "portrait should be", id="a list of tables"),
            pytest.param('Portrait = "a/b"', "Portrait is not a name", id="a name in capitals"),
            pytest.param('"-p" = "a/b"', "-p is not a name", id="a name that begins with a hyphen"),
            pytest.param('"a b" = "a/b"', "a b is not a name", id="a name with a space"),
            pytest.param('"" = "a/b"', " is not a name", id="no name"),
            pytest.param('"acme/portrait" = "a/b"', "acme/portrait is not a name", id="a name with an owner"),
            pytest.param(f'"{"p" * 65}" = "a/b"', "is not a name", id="a name that is too long"),
            pytest.param('portrait = ""', "portrait: version should be", id="no version"),
            pytest.param('portrait = "acme"', "portrait: version should be", id="no owner"),
            pytest.param(f'portrait = "{HASH}"', "portrait: version should be", id="a bare hash"),
            pytest.param('portrait = "acme/p:main"', "portrait: version should be", id="a word as hash"),
            pytest.param(f'portrait = "acme/p:{HASH[1:]}"', "portrait: version should be", id="a hash too short"),
            pytest.param(f'portrait = "acme/p:{HASH.upper()}"', "portrait: version should be", id="a hash in capitals"),
            pytest.param('portrait = "acme/p/q"', "portrait: version should be", id="three parts"),
            pytest.param('portrait = "../p"', "portrait: version should be", id="a way out"),
            pytest.param('portrait = "acme/p\\n"', "portrait: version should be", id="a line's end"),
            pytest.param("[portrait]", "portrait: version should be", id="an empty table"),
            pytest.param("[portrait]\nversion = 7", "portrait: version should be", id="a number as version"),
            pytest.param('[p]\nversion = "a/b"\ninputs = {}\nname = 1', "p: nobody knows inputs, name", id="unknown"),
            pytest.param('[p]\nversion = "a/b"\ninput = 7', "p: input should be a table", id="a number as input"),
            pytest.param('[p]\nversion = "a/b"\ninput = {d = 2026-01-01}', "p: input holds what JSON", id="a date"),
            pytest.param('[p]\nversion = "a/b"\ninput = {d = [nan]}', "p: input holds what JSON", id="not a number"),
            pytest.param('[p]\nversion = "a/b"\ninput = {d = -inf}', "p: input holds what JSON", id="infinity"),
            pytest.param('[p]\nversion = "a/b"\ndescription = 7', "p: description should be", id="no description"),
            pytest.param('[p]\nversion = "a/b"\ndeadline = "soon"', "p: deadline should be", id="no duration"),
            pytest.param('[p]\nversion = "a/b"\ndeadline = 4', "p: deadline should be", id="a deadline too short"),
            pytest.param('[p]\nversion = "a/b"\ndeadline = 0', "p: deadline should be", id="no deadline"),
            pytest.param('[p]\nversion = "a/b"\ndeadline = -60', "p: deadline should be", id="a negative deadline"),
            pytest.param('[p]\nversion = "a/b"\ndeadline = 60.5', "p: deadline should be", id="a fraction"),
            pytest.param('[p]\nversion = "a/b"\ndeadline = true', "p: deadline should be", id="a flag as deadline"),
            pytest.param('[p]\nversion = "a/b"\ndeadline = "169h"', "p: deadline should be", id="more than a week"),
        ],
    )
    def test_file_and_entry_are_named(self, text: str, message: str) -> None:
        with pytest.raises(CatalogueWrong) as caught:
            parsed(text, "ours.toml")

        assert str(caught.value).startswith("ours.toml: ")
        assert message in str(caught.value)

    def test_the_others_are_no_excuse(self) -> None:
        with pytest.raises(CatalogueWrong, match=r"^ours\.toml: b should be"):
            parsed('a = "x/y"\nb = 7', "ours.toml")

    @given(st.text())
    def test_any_text_is_a_catalogue_or_wrong(self, text: str) -> None:
        try:
            found = parsed(text, "ours.toml")
        except CatalogueWrong:
            return
        assert all(json.dumps(dict(entry.input), allow_nan=False) for entry in found.values())


class TestEntry:
    @pytest.mark.parametrize("name", ["portrait", "lumeo/portrait"])
    @pytest.mark.usefixtures("file")
    def test_is_known_by_both_of_its_names(self, name: str) -> None:
        assert catalogue.entry(name) == Entry(name="portrait", version=PINNED)

    @pytest.mark.parametrize(
        "name",
        ["", "landscape", "acme/portrait", "Portrait", "lumeo/", f"lumeo/portrait:{HASH}", "x/lumeo/portrait", PINNED],
    )
    @pytest.mark.usefixtures("file")
    def test_is_known_by_no_other(self, name: str) -> None:
        assert catalogue.entry(name) is None

    def test_the_file_is_read_once(self, file: Path) -> None:
        catalogue.entry("portrait")
        file.write_text("")

        assert catalogue.entry("portrait") is not None

    def test_a_wrong_file_is_named(self, file: Path) -> None:
        file.write_text("portrait = 7")

        with pytest.raises(CatalogueWrong, match=r"^ours\.toml: portrait should be"):
            catalogue.entry("portrait")
