"""A short tune as a WAV file: plucked notes of a pentatonic scale, chosen by the seed."""

import array
import io
import math
import sys
import wave

from local.simulator.chance import Chance

RATE = 16_000
NOTE_SECONDS = 0.25
NOTES = 8
PENTATONIC = (0, 2, 4, 7, 9, 12, 14, 16)
LOWEST = 261.63
LOUDNESS = 9_000


def wav(seed: int) -> bytes:
    """Two seconds, 16 bit, mono."""
    order = Chance(f"tune/{seed}")
    samples = array.array("h")
    for _ in range(NOTES):
        samples.extend(_note(LOWEST * 2 ** (order.one_of(PENTATONIC) / 12)))
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def _note(pitch: float) -> list[int]:
    turn = 2 * math.pi * pitch / RATE
    length = int(RATE * NOTE_SECONDS)
    return [
        int(LOUDNESS * math.exp(-4 * at / length) * (math.sin(turn * at) + 0.3 * math.sin(2 * turn * at)))
        for at in range(length)
    ]
