"""A film that browsers play, without a video encoder.

Pillow's lossy WebP holds a VP8 key frame; a WebM file is a row of VP8 frames in Matroska's boxes (EBML: id, length,
data).
"""

import struct

from local.simulator.pictures import Subject, encoded, scene

FRAMES = 24
FRAME_MS = 125
TRACK = 1
KEY_FRAME = 0x80


def film(subject: Subject) -> bytes:
    """Three seconds of the subject's day."""
    small = Subject(subject.prompt, subject.seed, 320, 240)
    frames = [vp8_frame(encoded(scene(small, hour=at / (FRAMES - 1)), "webp")) for at in range(FRAMES)]
    return webm(frames, small.width, small.height)


def vp8_frame(webp: bytes) -> bytes:
    """The VP8 key frame inside a lossy WebP file (RIFF: name, length, data)."""
    at = 12
    while webp[at : at + 4] != b"VP8 ":
        at += 8 + _padded(_riff_length(webp, at))
    return webp[at + 8 : at + 8 + _riff_length(webp, at)]


def webm(frames: list[bytes], width: int, height: int) -> bytes:
    """Key frames as a WebM file."""
    return _head() + _box(0x18538067, _info(len(frames)) + _track(width, height) + _cluster(frames))


def _head() -> bytes:
    return _boxes(
        0x1A45DFA3,
        _number(0x4286, 1),  # EBMLVersion
        _number(0x42F7, 1),  # EBMLReadVersion
        _number(0x42F2, 4),  # EBMLMaxIDLength
        _number(0x42F3, 8),  # EBMLMaxSizeLength
        _box(0x4282, b"webm"),  # DocType
        _number(0x4287, 2),  # DocTypeVersion
        _number(0x4285, 2),  # DocTypeReadVersion
    )


def _info(frames: int) -> bytes:
    return _boxes(
        0x1549A966,
        _number(0x2AD7B1, 1_000_000),  # TimestampScale: milliseconds
        _box(0x4489, struct.pack(">d", frames * FRAME_MS)),  # Duration
        _box(0x4D80, b"lumeo simulator"),  # MuxingApp
        _box(0x5741, b"lumeo simulator"),  # WritingApp
    )


def _track(width: int, height: int) -> bytes:
    video = _boxes(0xE0, _number(0xB0, width), _number(0xBA, height))
    entry = _boxes(
        0xAE,
        _number(0xD7, TRACK),  # TrackNumber
        _number(0x73C5, TRACK),  # TrackUID
        _number(0x83, 1),  # TrackType: video
        _number(0x9C, 0),  # FlagLacing
        _number(0x23E383, FRAME_MS * 1_000_000),  # DefaultDuration
        _box(0x86, b"V_VP8"),  # CodecID
        video,
    )
    return _box(0x1654AE6B, entry)


def _cluster(frames: list[bytes]) -> bytes:
    blocks = (_simple_block(at * FRAME_MS, frame) for at, frame in enumerate(frames))
    return _boxes(0x1F43B675, _number(0xE7, 0), *blocks)


def _simple_block(ms: int, frame: bytes) -> bytes:
    return _box(0xA3, bytes([0x80 | TRACK]) + ms.to_bytes(2) + bytes([KEY_FRAME]) + frame)


def _boxes(box_id: int, *inside: bytes) -> bytes:
    return _box(box_id, b"".join(inside))


def _number(box_id: int, value: int) -> bytes:
    return _box(box_id, value.to_bytes(max(1, (value.bit_length() + 7) // 8)))


def _box(box_id: int, data: bytes) -> bytes:
    """Lengths are written in eight bytes, which the leading 0x01 says."""
    return box_id.to_bytes((box_id.bit_length() + 7) // 8) + (len(data) | 1 << 56).to_bytes(8) + data


def _riff_length(file: bytes, at: int) -> int:
    return int.from_bytes(file[at + 4 : at + 8], "little")


def _padded(length: int) -> int:
    return length + length % 2
