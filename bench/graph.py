"""The picture of the state machine in docs/operations.md, drawn from its definition: `python -m bench.graph` writes it.

Where a state stands and which way an arrow takes is said here; which states and arrows there are, the definition says.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from bench.report import ROOT

DEFINITION = ROOT / "statemachine" / "prediction.asl.yaml"
PICTURE = ROOT / "docs" / "machine.svg"

Point = tuple[int, int]
Arrow = tuple[str, str, bool]
"""From, to, and whether an error that is caught leads there."""

WIDTH, HEIGHT = 150, 44
PLACES: Mapping[str, Point] = {
    "Create": (480, 60),
    "WaitForRoom": (180, 60),
    "Next?": (480, 180),
    "Wait": (120, 180),
    "Status": (120, 320),
    "WaitForWebhook": (320, 320),
    "Finalize": (520, 320),
    "Announce": (780, 180),
    "Announced?": (780, 320),
    "WaitToAnnounce": (950, 250),
    "Done": (640, 450),
    "UnknownNext": (320, 450),
}
WAYS: Mapping[Arrow, tuple[Point, ...]] = {
    ("Create", "Next?", False): ((480, 82), (480, 158)),
    ("Next?", "WaitForRoom", False): ((420, 158), (235, 82)),
    ("WaitForRoom", "Create", False): ((255, 60), (405, 60)),
    ("Next?", "Wait", False): ((405, 175), (195, 175)),
    ("Wait", "Status", False): ((120, 202), (120, 298)),
    ("Status", "Next?", False): ((160, 298), (405, 192)),
    ("Next?", "WaitForWebhook", False): ((430, 202), (345, 298)),
    ("WaitForWebhook", "Status", True): ((245, 320), (195, 320)),
    ("WaitForWebhook", "Finalize", False): ((395, 312), (445, 312)),
    ("WaitForWebhook", "Finalize", True): ((395, 330), (445, 330)),
    ("Next?", "Finalize", False): ((480, 202), (505, 298)),
    ("Finalize", "Next?", False): ((540, 298), (510, 202)),
    ("Next?", "Announce", False): ((555, 172), (705, 172)),
    ("Next?", "Done", False): ((555, 192), (640, 192), (640, 428)),
    ("Next?", "UnknownNext", False): ((455, 202), (420, 260), (420, 450), (395, 450)),
    ("Announce", "Announced?", False): ((780, 202), (780, 298)),
    ("Announce", "Done", True): ((715, 202), (665, 270), (665, 428)),
    ("Announced?", "WaitToAnnounce", False): ((855, 320), (950, 320), (950, 272)),
    ("WaitToAnnounce", "Announce", False): ((950, 228), (950, 180), (855, 180)),
    ("Announced?", "Done", False): ((750, 342), (690, 428)),
    ("Announced?", "UnknownNext", False): ((800, 342), (800, 495), (320, 495), (320, 472)),
}
KINDS = {"Choice": "choice", "Wait": "wait", "Succeed": "end", "Fail": "fail"}

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1050 560" role="img" aria-labelledby="title desc" \
font-family="Inter, 'Helvetica Neue', Arial, sans-serif" font-size="15">
  <title id="title">The state machine of a run</title>
  <desc id="desc">{said}</desc>
  <defs>
    <marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0 10 5 0 10z" fill="#475569"/></marker>
    <marker id="caught-tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0 10 5 0 10z" fill="#ea580c"/></marker>
    <style>
      .task {{ fill: #eef2ff; stroke: #6366f1; stroke-width: 1.5; }}
      .wait {{ fill: #fff; stroke: #94a3b8; stroke-width: 1.5; }}
      .parked {{ fill: #fff7ed; stroke: #ea580c; stroke-width: 1.5; }}
      .choice {{ fill: #f1f5f9; stroke: #94a3b8; stroke-width: 1.5; stroke-dasharray: 4 3; }}
      .end {{ fill: #ecfdf5; stroke: #10b981; stroke-width: 1.5; }}
      .fail {{ fill: #fef2f2; stroke: #ef4444; stroke-width: 1.5; }}
      .line {{ fill: none; stroke: #475569; stroke-width: 1.6; marker-end: url(#tip); }}
      .caught {{ fill: none; stroke: #ea580c; stroke-width: 1.6; stroke-dasharray: 5 4; marker-end: url(#caught-tip); }}
      .name {{ font-weight: 600; fill: #0f172a; text-anchor: middle; }}
      .note {{ fill: #475569; font-size: 13px; }}
    </style>
  </defs>
  <rect width="1050" height="560" rx="16" fill="#f8fafc"/>
  <circle cx="480" cy="18" r="6" fill="#475569"/>
  <path class="line" d="M480 18 L480 38"/>
"""
FOOT = """  <path class="line" d="M30 535 L70 535"/>
  <text class="note" x="80" y="540">goes on</text>
  <path class="caught" d="M160 535 L200 535"/>
  <text class="note" x="210" y="540">“caught”: no webhook came in time, or one had come before; or the caller could \
not be told. No fault of the run.</text>
</svg>
"""


def picture(definition: Mapping[str, Any]) -> str:
    """SVG. Raises ValueError for a state or an arrow whose place is not known, or that is not there any more."""
    states, there = definition["States"], set(arrows(definition))
    for name, drawn, found in (("states", set(PLACES), set(states)), ("arrows", set(WAYS), there)):
        if drawn != found:
            raise ValueError(f"other {name} than are drawn: {sorted(map(str, drawn ^ found))}")
    said = "; ".join(f"{source} → {target}" for source, target in dict.fromkeys((one, to) for one, to, _ in WAYS))
    return "".join([HEAD.format(said=said), *map(_arrow, WAYS), *(_box(states, name) for name in PLACES), FOOT])


def arrows(definition: Mapping[str, Any]) -> Iterator[Arrow]:
    """Every way from a state to another, each once."""
    for name, state in definition["States"].items():
        for rule in (state, *state.get("Choices", [])):
            yield from ((name, rule[word], False) for word in ("Next", "Default") if word in rule)
        yield from ((name, catcher["Next"], True) for catcher in state.get("Catch", []))


def _box(states: Mapping[str, Any], name: str) -> str:
    state, (x, y) = states[name], PLACES[name]
    kind = "parked" if "waitForTaskToken" in state.get("Resource", "") else KINDS.get(state["Type"], "task")
    left, top = x - WIDTH // 2, y - HEIGHT // 2
    box = f'  <rect class="{kind}" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="10"/>\n'
    return f'{box}  <text class="name" x="{x}" y="{y + 5}">{name}</text>\n'


def _arrow(arrow: Arrow) -> str:
    path = " L".join(f"{x} {y}" for x, y in WAYS[arrow])
    return f'  <path class="{"caught" if arrow[2] else "line"}" d="M{path}"/>\n'


def main() -> int:
    PICTURE.write_text(picture(yaml.safe_load(DEFINITION.read_text())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
