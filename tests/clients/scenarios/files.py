"""Files as inputs."""

import hashlib

from tests.clients.programs.lines import written
from tests.clients.saying import raised, said
from tests.clients.scenarios.registry import WITH_CURL, scenario
from tests.clients.scene import Scene

KILOBYTE = 1024
TOO_BIG = 4 * 1024 * KILOBYTE + 100 * KILOBYTE


@scenario("a file as an input", *WITH_CURL)
def file_as_input(on: Scene) -> str:
    """The provider fetches it, without a key, and gives it back as it is."""
    output = on.run("sim/copy", {"image": {"$file": {"name": "corgi.jpg", "size": 3 * KILOBYTE}}})

    assert output["sha256"] == hashlib.sha256(written("corgi.jpg", 3 * KILOBYTE).read_bytes()).hexdigest()
    assert on.upstream()[0]["input"]["image"] != on.mine()[0]["input"]["image"]
    return said(output)


@scenario("413: a file over 4 MB as an input", *WITH_CURL)
def file_too_big(on: Scene) -> str:
    error = on.refused(lambda: on.run("sim/copy", {"image": {"$file": {"name": "corgi.jpg", "size": TOO_BIG}}}))

    assert error.status == 413
    assert on.mine() == []
    return raised(error)


@scenario("a file: upload, get, list, delete", *WITH_CURL)
def file_kept(on: Scene) -> str:
    made = on.do("upload", name="corgi.jpg", size=3 * KILOBYTE, metadata={"of": "corgi"})

    assert (made["size"], made["content_type"]) == (3 * KILOBYTE, "image/jpeg")
    assert made["checksums"]["sha256"] == hashlib.sha256(written("corgi.jpg", 3 * KILOBYTE).read_bytes()).hexdigest()
    assert on.do("file", name=made["id"]) == made
    assert [found["id"] for found in on.do("files")] == [made["id"]]
    on.do("delete", name=made["id"])
    assert on.do("files") == []
    assert on.refused(lambda: on.do("file", name=made["id"])).status == 404
    return "yes" if made["metadata"] == {"of": "corgi"} else "yes, without its metadata"
