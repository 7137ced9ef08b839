"""The form of recorded cases, as `novamodel verify --cases` reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Case = dict[str, Any]


def case(file: str, number: int, kind: str, given: Case, expected: Case, tolerance: Case | None = None) -> Case:
    """One case; what no tolerance is given for must be exact."""
    return {
        "id": f"{file}/{kind}/{number:04d}",
        "kind": kind,
        "input": given,
        "expected": expected,
        "tolerance": {name: (tolerance or {}).get(name, "exact") for name in expected},
        "graded": True,
        "note": "",
    }


def write_cases(folder: Path, file: str, what: str, version: str, cases: list[Case]) -> Path:
    """Write ``FOLDER/FILE.json``."""
    meta = {"what": what, "source": f"{version}, started on loopback", "obtained": "measured", "cases": len(cases)}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file}.json"
    path.write_text(json.dumps({"meta": meta, "cases": cases}, indent=1) + "\n", encoding="utf-8")
    return path
