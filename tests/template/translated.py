"""What SAM makes of the template: `python -m tests.template.translated FILE` writes it, for what looks at templates."""

import json
import subprocess
import sys
from pathlib import Path

from tests.template.documents import ROOT, TEMPLATE, Document

# SAM has an environment of its own: what it pins does not go together with ours.
SAM_PYTHON = ROOT / ".venv-sam" / "bin" / "python"


def translated() -> Document:
    """The template that CloudFormation would be given."""
    command = [str(SAM_PYTHON), str(Path(__file__).with_name("translate.py"))]
    translation = subprocess.run(command, input=json.dumps(TEMPLATE), capture_output=True, text=True, check=False)
    assert translation.returncode == 0, translation.stderr
    found: Document = json.loads(translation.stdout)
    return found


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(translated(), indent=2) + "\n")
