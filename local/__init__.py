"""Development only: the whole application on one machine, without AWS, Docker or credentials."""

from pathlib import Path

HOME = Path(__file__).parent.parent / ".local"
"""What a run leaves behind: log, certificate, ready file. Not in git."""
READY_FILE = HOME / "ready.json"
"""Says where the stack is that runs here."""
