"""Output files: real media, the same bytes every time, in any stretch."""

import io
import wave
from typing import Any

import pytest
import requests
from PIL import Image

from local.simulator.media import PIECE
from tests.simulator.caller import Caller, HandClock


def url_of(sim: Caller, output: str, **given: Any) -> str:
    return str(sim.created("sim/script", {"output": output, **given})["output"])


@pytest.mark.parametrize(
    ("token", "media_type", "form"),
    [
        ("$png", "image/png", "PNG"),
        ("$jpeg", "image/jpeg", "JPEG"),
        ("$webp", "image/webp", "WEBP"),
        ("$gif", "image/gif", "GIF"),
    ],
)
def test_pictures_are_pictures(sim: Caller, token: str, media_type: str, form: str) -> None:
    answer = sim.file(url_of(sim, token, prompt="a corgi"))

    assert answer.headers["Content-Type"] == media_type
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with Image.open(io.BytesIO(answer.content)) as picture:
        picture.load()
        assert (picture.format, picture.size) == (form, (512, 512))


def test_a_picture_has_the_size_that_was_asked_for(sim: Caller) -> None:
    body = sim.created("sim/instant", {"prompt": "a corgi", "width": 320, "height": 16})

    with Image.open(io.BytesIO(sim.file(body["output"][0]).content)) as picture:
        assert picture.size == (320, 16)


def test_prompt_and_seed_decide_the_picture(sim: Caller) -> None:
    def picture(prompt: str, seed: int) -> bytes:
        given = {"prompt": prompt, "seed": seed, "width": 64, "height": 64}
        return sim.file(sim.created("sim/instant", given)["output"][0]).content

    assert picture("a corgi", 1) == picture("a corgi", 1)
    assert len({picture("a corgi", 1), picture("a corgi", 2), picture("a fox", 1)}) == 3


@pytest.mark.parametrize("prompt", ["", "犬", "a " * 500, "zażółć\ngęślą"], ids=["none", "kanji", "long", "accents"])
def test_any_prompt_can_be_drawn(sim: Caller, prompt: str) -> None:
    body = sim.created("sim/instant", {"prompt": prompt, "width": 64, "height": 64})

    assert sim.file(body["output"][0]).status_code == 200


def test_a_wav_holds_two_seconds_of_sound(sim: Caller) -> None:
    answer = sim.file(url_of(sim, "$wav"))

    assert answer.headers["Content-Type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert sound.getnframes() == 2 * sound.getframerate()
        assert any(sound.readframes(1000))


def test_a_webm_is_matroska_with_vp8_key_frames(sim: Caller) -> None:
    answer = sim.file(url_of(sim, "$webm"))
    film = answer.content

    assert answer.headers["Content-Type"] == "video/webm"
    assert film.startswith(bytes.fromhex("1a45dfa3"))
    assert b"\x42\x82\x01\x00\x00\x00\x00\x00\x00\x04webm" in film
    assert b"V_VP8" in film
    assert film.count(b"\x9d\x01\x2a" + (320).to_bytes(2, "little") + (240).to_bytes(2, "little")) == 24


@pytest.mark.parametrize(
    ("token", "media_type", "begin"),
    [
        ("$text", "text/plain; charset=utf-8", b"a <b> corgi"),
        ("$html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("$svg", "image/svg+xml", b"<svg"),
    ],
)
def test_documents_carry_the_prompt(sim: Caller, token: str, media_type: str, begin: bytes) -> None:
    answer = sim.file(url_of(sim, token, prompt="a <b> corgi"))

    assert answer.headers["Content-Type"] == media_type
    assert answer.content.startswith(begin)
    assert (b"<script>" in answer.content) == (token != "$text")


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_bytes_are_as_many_as_asked(sim: Caller, size: int) -> None:
    answer = sim.file(url_of(sim, f"$bytes:{size}"))

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert len(answer.content) == size


def test_big_is_a_mebibyte_that_differs_from_run_to_run(sim: Caller, clock: HandClock) -> None:
    runs = [sim.created("sim/big", {}) for _ in range(2)]
    clock.sleep(1)
    first, again, other = (sim.file(sim.read(run)["output"]).content for run in (runs[0], runs[0], runs[1]))

    assert len(first) == 1 << 20
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        (f"bytes={PIECE - 5}-{PIECE + 5}", PIECE - 5, PIECE + 6),
        ("bytes=199990-", 199_990, 200_000),
        ("bytes=-10", 199_990, 200_000),
        ("bytes=5-999999", 5, 200_000),
    ],
)
def test_a_range_is_a_stretch_of_the_whole(sim: Caller, asked: str, start: int, stop: int) -> None:
    url = url_of(sim, "$bytes:200000")
    whole = sim.file(url).content

    answer = sim.file(url, Range=asked)

    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/200000"
    assert answer.content == whole[start:stop]


def test_a_range_of_a_huge_file_comes_at_once(sim: Caller) -> None:
    answer = sim.file(url_of(sim, f"$bytes:{1 << 50}"), Range=f"bytes={1 << 49}-{(1 << 49) + 9}")

    assert len(answer.content) == 10
    assert answer.elapsed.total_seconds() < 1


def test_a_range_behind_the_end_cannot_be_had(sim: Caller) -> None:
    answer = sim.file(url_of(sim, "$bytes:100"), Range="bytes=100-")

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */100"


def test_head_tells_the_length_and_sends_nothing(sim: Caller) -> None:
    url = url_of(sim, "$bytes:1000000")

    answer = requests.head(url, timeout=10)

    assert (answer.status_code, answer.headers["Content-Length"], answer.content) == (200, "1000000", b"")
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_there_is_no_file_before_the_end(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/image")
    url = f"{sim.url}/files/{created['id']}/0.png"
    assert sim.file(url).status_code == 404

    clock.sleep(2.3)
    assert sim.file(url).status_code == 200


@pytest.mark.parametrize("name", ["1.png", "0.jpg", "0"])
def test_there_is_no_file_of_another_name(sim: Caller, name: str) -> None:
    created = sim.created("sim/instant")

    assert sim.file(f"{sim.url}/files/{created['id']}/{name}").status_code == 404


def test_a_canceled_run_has_no_files(sim: Caller, clock: HandClock) -> None:
    created = sim.created("sim/image")
    sim.cancel(created)
    clock.sleep(10)

    assert sim.file(f"{sim.url}/files/{created['id']}/0.png").status_code == 404
