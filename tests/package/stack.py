"""`python -m tests.package.stack BUILD FOLDER`: the local stack, whose functions are the built ones.

It ends when its standard input does, and so whenever and however the test ends. Leaves in the folder what `make run`
does, and what each function printed.
"""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from local import sam
from local.serving import HOST
from local.stack import running, write_ready
from local.template import Function
from tests.package.emulated import Emulated


def main() -> None:
    build, folder = map(Path, sys.argv[1:])
    with ExitStack() as cleanup:

        def built(functions: Mapping[str, Function]) -> Emulated:
            made = Emulated(functions, build, folder)
            cleanup.callback(made.close)
            return made

        ready = cleanup.enter_context(running(log=folder / "lumeo.log", strict=True, built=built))
        sam.write(folder, HOST)
        write_ready(ready, folder / "ready.json")
        sys.stdin.read()


if __name__ == "__main__":
    main()
