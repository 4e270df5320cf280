"""Draw the data path: the values that flow, the room that defines each, and the rooms that import it from there.

Nothing but the list of values is written here by hand; rooms and lines come from the code's import statements.
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "dms_load_test"
ROOMS = (
    "config",
    "edfi",
    "generators",
    "scenarios",
    "load",
    "engine",
    "sample",
    "metrics",
    "results",
    "views",
    "app",
    "cli",
)
"""The columns, from what a run starts with to what it ends with; values that other rooms take are not drawn there."""
VALUES = (
    ("Effective", "the settings, each with its origin"),
    ("ApiModel", "resources, as the target describes them"),
    ("DependencyGraph", "what has to be there before what"),
    ("Documents", "document(resource, ordinal), pure"),
    ("Workload", "what a scenario plans with"),
    ("Phase", "steps between barriers, thresholds"),
    ("Step", "an executor and an iteration"),
    ("Sample", "one request"),
    ("Snapshot", "one second of samples, folded"),
    ("Totals", "all of them, added up"),
    ("Verdict", "one kind, one sentence"),
    ("Run", "the record, read back"),
)
"""The values in the order in which a run makes them. To show another, add its class here."""
_FONT = 'font-family="sans-serif" font-size="12"'
_COLUMN, _ROW, _LEFT, _TOP = 66, 26, 330, 46


def data_path() -> dict[str, tuple[str, frozenset[str]]]:
    """Return value -> the room that defines it, and the rooms that import it from there.

    Raises: LookupError: a value of the list is defined nowhere.
    """
    wanted = {name for name, _ in VALUES}
    homes: dict[str, set[str]] = {name: set() for name in wanted}
    takers: set[tuple[str, str, str]] = set()
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name in wanted:
                homes[node.name].add(room)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dms_load_test."):
                home = str(node.module).split(".")[1]
                takers |= {(one.name, home, room) for one in node.names if one.name in wanted and home != room}
    found = {}
    for name, _ in VALUES:
        home = next((room for room in ROOMS if room in homes[name]), None)
        if home is None:
            raise LookupError(f"no room defines {name}")
        found[name] = home, frozenset(room for value, where, room in takers if (value, where) == (name, home))
    return found


def picture() -> str:
    """Return the picture as SVG: a column for each room, a line for each value, a full dot where it is defined."""
    width, height = _LEFT + _COLUMN * len(ROOMS), _TOP + _ROW * len(VALUES) + 34
    column = {room: _LEFT + _COLUMN * number + _COLUMN // 2 for number, room in enumerate(ROOMS)}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {_FONT}>',
        "<title>The values of a run, the rooms that define them, and the rooms that take them</title>",
        f'<rect width="{width}" height="{height}" rx="6" fill="#fbfcfd"/>',
    ]
    for room, x in column.items():
        lines.append(f'<text x="{x}" y="28" text-anchor="middle" font-weight="bold" fill="#1b2733">{room}</text>')
        lines.append(f'<path d="M{x} 36V{height - 34}" stroke="#e3e8ee"/>')
    rooms = data_path()
    for number, (name, meaning) in enumerate(VALUES):
        lines += _line(name, meaning, rooms[name], _TOP + _ROW * number + _ROW // 2, column)
    lines.append(_legend(height - 14))
    return "\n".join([*lines, "</svg>", ""])


def _line(name: str, meaning: str, rooms: tuple[str, frozenset[str]], y: int, column: dict[str, int]) -> list[str]:
    home, takers = rooms
    ends = [column[room] for room in (home, *takers) if room in column]
    label = f'<tspan font-weight="bold">{name}</tspan> <tspan fill="#5a6b7b">{escape(meaning)}</tspan>'
    lines = [f'<text x="12" y="{y + 4}" fill="#1b2733">{label}</text>']
    lines.append(f'<path d="M{min(ends)} {y}H{max(ends)}" stroke="#2f6f9f" stroke-width="2"/>')
    open_dot = 'r="5" fill="#fbfcfd" stroke="#2f6f9f" stroke-width="2"'
    lines += [f'<circle cx="{column[room]}" cy="{y}" {open_dot}/>' for room in ROOMS if room in takers]
    lines.append(f'<circle cx="{column[home]}" cy="{y}" r="6" fill="#2f6f9f"/>')
    return lines


def _legend(y: int) -> str:
    return (
        f'<circle cx="18" cy="{y - 4}" r="6" fill="#2f6f9f"/><text x="30" y="{y}" fill="#5a6b7b">defines it</text>'
        f'<circle cx="118" cy="{y - 4}" r="5" fill="#fbfcfd" stroke="#2f6f9f" stroke-width="2"/>'
        f'<text x="130" y="{y}" fill="#5a6b7b">imports it from there; app joins the rooms</text>'
    )
