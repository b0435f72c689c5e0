"""Pictures as files: a landscape that the prompt and the seed decide, with the prompt written below."""

import io
import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from local.simulator.landscape import landscape

CAPTION_LENGTH = 60


@dataclass(frozen=True)
class Subject:
    """What a picture is made of."""

    prompt: str
    seed: int
    width: int
    height: int


def picture(subject: Subject, kind: str) -> bytes:
    """The picture as a PNG, JPEG, WebP or GIF file."""
    return encoded(scene(subject), kind)


def scene(subject: Subject, hour: float | None = None) -> Image.Image:
    """The landscape with its caption; `hour`, from 0 to 1, moves the sun across it."""
    image = landscape(f"{subject.prompt}/{subject.seed}", subject.width, subject.height, hour)
    _write(image, subject.prompt)
    return image


def encoded(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind.upper(), quality=85)
    return file.getvalue()


def _caption(prompt: str) -> str:
    """One line in letters that Pillow's own font has, which is the same on every machine."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode()
    line = " ".join(plain.split())
    return line if len(line) <= CAPTION_LENGTH else f"{line[: CAPTION_LENGTH - 3]}..."


def _write(image: Image.Image, prompt: str) -> None:
    text = _caption(prompt)
    size = max(8.0, image.width / 28)
    margin = image.width * 0.05
    room = image.width - 2 * margin
    width = ImageFont.load_default(size).getlength(text)
    font = ImageFont.load_default(size * min(1, room / max(width, 1)))
    at = (image.width / 2, image.height - margin)
    ImageDraw.Draw(image, "RGBA").text(at, text, font=font, fill=(255, 255, 255, 225), anchor="ms")
