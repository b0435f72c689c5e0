"""`make key`: makes an API key, as `lumeo keys create` does."""

import sys

from cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["keys", "create", *sys.argv[1:]]))
