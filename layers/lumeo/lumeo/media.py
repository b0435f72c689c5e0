"""What kind of file it is: the declared content type checked against the first bytes. Pure.

Signatures: https://mimesniff.spec.whatwg.org, and the formats' own specifications.
"""

import mimetypes
import re

GENERIC = {"", "application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded"}

_MAGIC: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("image/avif", re.compile(rb"....ftypavi[fs]", re.DOTALL)),
    ("image/heic", re.compile(rb"....ftyp(hei[cx]|mif1)", re.DOTALL)),
    ("image/bmp", re.compile(rb"BM....\x00\x00\x00\x00", re.DOTALL)),
    ("image/tiff", re.compile(rb"II\*\x00|MM\x00\*")),
    ("video/quicktime", re.compile(rb"....ftypqt  ", re.DOTALL)),
    ("audio/mp4", re.compile(rb"....ftypM4A ", re.DOTALL)),
    ("video/mp4", re.compile(rb"....ftyp", re.DOTALL)),
    ("video/webm", re.compile(rb"\x1a\x45\xdf\xa3.{0,60}webm", re.DOTALL)),
    ("video/x-matroska", re.compile(rb"\x1a\x45\xdf\xa3")),
    ("audio/wav", re.compile(rb"RIFF....WAVE", re.DOTALL)),
    ("audio/flac", re.compile(rb"fLaC")),
    ("audio/ogg", re.compile(rb"OggS")),
    ("audio/mpeg", re.compile(rb"ID3|\xff[\xfb\xf3\xf2]")),
    ("model/gltf-binary", re.compile(rb"glTF")),
    ("application/pdf", re.compile(rb"%PDF-")),
    ("application/gzip", re.compile(rb"\x1f\x8b")),
    ("application/zip", re.compile(rb"PK\x03\x04")),
    ("text/html", re.compile(rb"\s*(<!doctype html|<html|<script|<head|<body|<iframe)", re.IGNORECASE)),
    ("image/svg+xml", re.compile(rb"(?is)(?>(?:\s|<\?[^>]*>|<!--.*?-->|<!doctype[^>]*>)*)<svg")),
)  # fmt: skip
# What is declared as one of these and begins otherwise is not one.
_ALWAYS_SIGNED = {"image/png", "image/jpeg", "image/gif", "image/webp", "video/webm", "audio/wav", "audio/flac"}
# Containers that hold what several types name: the declared one is the better word if it is of the same family.
_SAME = (
    {"video/webm", "audio/webm", "video/x-matroska"},
    {"video/mp4", "audio/mp4", "video/quicktime", "image/heic", "image/avif"},
    {"audio/ogg", "video/ogg", "application/ogg"},
    {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"},
)
# Documents that are zip files inside.
_ZIPPED = re.compile(r"application/(vnd\..+|.+\+zip|java-archive)|model/3mf")
_EXTENSIONS = {
    "application/gzip": "gz",
    "video/x-matroska": "mkv",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/avif": "avif",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "video/webm": "webm",
    "audio/webm": "weba",
    "model/gltf-binary": "glb",
    "application/zip": "zip",
    "text/plain": "txt",
    "application/jsonl": "jsonl",
    "application/x-jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/x-tar": "tar",
    "application/octet-stream": "bin",
}
_ACTIVE = re.compile(r"text/(html|xml|xsl|javascript|ecmascript)|application/(xml|javascript|ecmascript)|.+\+xml")


def content_type(declared: str, name: str, head: bytes) -> str:
    """The type to store a file under.

    `declared`: the response's header; `name`: the file's name, which speaks when the header says nothing; `head`: the
    first bytes. A signature that contradicts the declared type wins: what a browser would find is what we say.
    """
    said = said_type(declared, name)
    found = next((kind for kind, magic in _MAGIC if magic.match(head)), None)
    if found is None:
        known = said if said and said not in _ALWAYS_SIGNED else "application/octet-stream"
        charset = re.search(r"charset=\"?([\w-]+)", declared, re.IGNORECASE | re.ASCII)
        return f"{known}; charset={charset[1].lower()}" if charset and known.startswith("text/") else known
    same = any(found in family and said in family for family in _SAME)
    zipped = found == "application/zip" and _ZIPPED.fullmatch(said)
    return said if same or zipped else found


def said_type(declared: str, name: str) -> str:
    """The type that the header says, or, where it says nothing, the file's name; empty where neither does."""
    said = declared.partition(";")[0].strip().lower()
    if said in GENERIC or not re.fullmatch(r"[\w.+-]+/[\w.+-]+", said, re.ASCII):
        own = _ending(name)
        said = (mimetypes.guess_type(f"x.{own}")[0] or "") if own else ""
    return said


def extension(kind: str, name: str) -> str:
    """A file name's extension: the name's own where it fits the type or the type says nothing, else the type's."""
    kind = kind.partition(";")[0]
    own = _ending(name)
    if own and (kind == "application/octet-stream" or mimetypes.guess_type(f"x.{own}")[0] == kind):
        return own
    return _EXTENSIONS.get(kind) or (mimetypes.guess_extension(kind) or ".bin").lstrip(".")


def _ending(name: str) -> str:
    """What stands after the last dot of a file's name, if it may be an extension."""
    own = name.rpartition(".")[2].lower() if "." in name else ""
    return own if re.fullmatch(r"[a-z0-9]{1,16}", own) else ""


def is_for_looking_at(kind: str) -> bool:
    """Whether a browser only shows it: what somebody handed in is saved otherwise."""
    return (
        re.fullmatch(r"(image|audio|video)/(?!svg)[\w.+-]+|text/plain|application/pdf", kind.partition(";")[0])
        is not None
    )


def runs_in_a_browser(kind: str) -> bool:
    """Whether a browser that opens it might run what is in it."""
    return _ACTIVE.fullmatch(kind.partition(";")[0]) is not None
