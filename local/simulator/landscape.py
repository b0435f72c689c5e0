"""Hills under a low sun: a sky, a glow, layers that darken towards the eye, and firs on the nearest."""

import math
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFilter

from local.simulator.chance import Chance

Colour = tuple[int, int, int]
Palette = tuple[Colour, Colour, Colour, Colour, Colour]

OVERSAMPLED = 2
LAYERS = 6
RIDGE_POINTS = 160
FIRS = 34
TALLEST_FIR = 0.085

# The sky above, the sky at the horizon, the sun, the farthest hills, the nearest.
PALETTES: tuple[Palette, ...] = (
    ((43, 58, 103), (246, 160, 111), (255, 233, 184), (201, 120, 138), (35, 25, 66)),
    ((95, 168, 211), (250, 232, 214), (255, 250, 240), (140, 190, 190), (16, 58, 66)),
    ((27, 31, 75), (217, 119, 166), (255, 217, 232), (141, 95, 168), (21, 15, 46)),
    ((214, 104, 83), (253, 226, 176), (255, 246, 223), (222, 158, 110), (58, 38, 40)),
    ((11, 37, 69), (96, 178, 172), (232, 255, 244), (61, 127, 143), (6, 22, 33)),
    ((126, 190, 224), (255, 229, 180), (255, 255, 255), (158, 178, 136), (38, 62, 44)),
)


def landscape(key: str, width: int, height: int, hour: float | None = None) -> Image.Image:
    """The same key is the same place; `hour`, from 0 to 1, moves the sun across it."""
    chance = Chance(key)
    above, horizon, sun, far, near = chance.one_of(PALETTES)
    size = (width * OVERSAMPLED, height * OVERSAMPLED)
    image = _gradient(size, above, horizon)
    _stars(image, above, chance)
    _sun(image, sun, _sun_place(chance.between(0.2, 0.8), chance.between(0.28, 0.46), hour))
    _hills(image, (_mixed(far, horizon, 0.55), far, near), horizon, chance)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _gradient(size: tuple[int, int], above: Colour, below: Colour) -> Image.Image:
    column = Image.new("RGB", (1, size[1]))
    column.putdata([_mixed(above, below, min(1, 1.6 * y / size[1])) for y in range(size[1])])
    return column.resize(size)


def _stars(image: Image.Image, sky: Colour, chance: Chance) -> None:
    """Only in a dark sky, and fewer towards the horizon."""
    if sum(sky) > 240:
        return
    draw = ImageDraw.Draw(image, "RGBA")
    for _ in range(90):
        x, y = chance.fraction() * image.width, chance.fraction() ** 2 * image.height * 0.5
        radius = chance.between(0.3, 1.1) * image.width / 512
        draw.circle((x, y), radius, fill=(255, 255, 255, int(chance.between(60, 200))))


def _sun_place(x: float, y: float, hour: float | None) -> tuple[float, float]:
    if hour is None:
        return x, y
    return 0.1 + 0.8 * hour, 0.62 - 0.42 * math.sin(math.pi * hour)


def _sun(image: Image.Image, colour: Colour, place: tuple[float, float]) -> None:
    """A disc in a glow. The glow is blurred small, which is as soft and far quicker."""
    x, y = place
    side = min(image.size)
    glow = Image.new("L", (128, 128 * image.height // image.width or 1))
    scale = glow.width / image.width
    centre = (x * glow.width, y * glow.height)
    ImageDraw.Draw(glow).circle(centre, side * 0.2 * scale, fill=190)
    glow = glow.filter(ImageFilter.GaussianBlur(side * 0.11 * scale)).resize(image.size, Image.Resampling.BICUBIC)
    image.paste(colour, mask=glow)
    ImageDraw.Draw(image).circle((x * image.width, y * image.height), side * 0.075, fill=colour)


def _hills(image: Image.Image, colours: tuple[Colour, Colour, Colour], mist: Colour, chance: Chance) -> None:
    farthest, far, near = colours
    for layer in range(LAYERS):
        depth = layer / (LAYERS - 1)
        colour = _mixed(farthest, far, 2 * depth) if depth < 0.5 else _mixed(far, near, 2 * depth - 1)
        ridge = _ridge(image.size, depth, chance)
        shape = Image.new("L", image.size)
        draw = ImageDraw.Draw(shape)
        draw.polygon([*ridge, (image.width, image.height), (0, image.height)], fill=255)
        if layer == LAYERS - 1:
            _firs(draw, ridge, image.width, chance)
        top = max(0, int(min(y for _, y in ridge) - TALLEST_FIR * image.width))
        slope = _gradient((image.width, image.height - top), colour, _mixed(colour, mist, 0.34 * (1 - depth)))
        image.paste(slope, (0, top), shape.crop((0, top, *image.size)))


def _ridge(size: tuple[int, int], depth: float, chance: Chance) -> list[tuple[float, float]]:
    """A line of hills: waves upon waves. Near ones are lower, smoother and begin further down."""
    width, height = size
    level = 0.46 + 0.4 * depth
    waves = [
        (chance.between(0.7, 1.3) * count, chance.fraction() * math.tau, (0.075 - 0.035 * depth) / count**0.9)
        for count in (1, 2.3, 5.1, 11.7)
    ]
    return [
        (x * width, height * (level + sum(tall * math.sin(turns * math.tau * x + at) for turns, at, tall in waves)))
        for x in (point / RIDGE_POINTS for point in range(RIDGE_POINTS + 1))
    ]


def _firs(draw: ImageDraw.ImageDraw, ridge: list[tuple[float, float]], width: int, chance: Chance) -> None:
    """They stand in groups, so that the ridge between them stays open."""
    groves = [chance.fraction() for _ in range(3)]
    for _ in range(FIRS):
        x = (chance.one_of(groves) + chance.between(-0.11, 0.11)) * width
        tall = width * chance.between(0.035, TALLEST_FIR)
        _fir(draw, x, _height_at(ridge, x) + tall * 0.1, tall)


def _fir(draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float) -> None:
    for tier in range(4):
        top, wide = foot - tall * (1 - tier * 0.2), tall * (0.09 + 0.055 * tier)
        draw.polygon([(x, top), (x + wide, top + tall * 0.34), (x - wide, top + tall * 0.34)], fill=255)


def _height_at(ridge: list[tuple[float, float]], x: float) -> float:
    for (left, y), (right, _) in pairwise(ridge):
        if left <= x <= right:
            return y
    return ridge[-1][1]


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
