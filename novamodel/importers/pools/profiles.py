"""Which of Spring's profiles are on, and what holds where several files say a value."""

from __future__ import annotations

import re

from novamodel.importers.graph.boxes import Box
from novamodel.importers.pools.said import Row
from novamodel.importers.report import Draft

_PRODUCTION = re.compile(r"(^|[-_])(prod|prd|production|live|docker|kubernetes|k8s|cloud|default)([-_]|$)", re.I)
_FLAG = re.compile(r"spring\.profiles\.active[= ]([\w,-]+)")


def active_profiles(box: Box | None) -> list[str]:
    """The profiles that a container's variables or arguments turn on; none where they say nothing."""
    if box is None:
        return []
    said = box.env.get("SPRING_PROFILES_ACTIVE")
    flag = _FLAG.search(box.command)
    text = (said.value if said is not None else None) or (flag[1] if flag else "")
    return [one for one in re.split(r"[,\s]+", text or "") if one]


def by_profile(rows: list[Row], box: Box | None, draft: Draft) -> list[Row]:
    """Rows in the order in which they hold: profiles that are on (the last first), what holds in all, defaults.

    Where no file says which profiles are on, those of production stand behind what holds in all. Rows of others are
    listed.
    """
    active = active_profiles(box)
    kept: list[tuple[int, Row]] = []
    for row in rows:
        rank = _rank(row.profile, active)
        if rank is None:
            if row.path not in (None, "pool") and not row.sentence.startswith("documented"):
                why = f"profile {row.profile} is not on"
                draft.leave(row.file, row.line, f"{row.what}: {row.value}", why)
            continue
        kept.append((rank + (1000 if row.sentence.startswith("documented") else 0), row))
    return [row for _, row in sorted(kept, key=lambda pair: pair[0])]


def _rank(profile: str, active: list[str]) -> int | None:
    if profile == "" or (profile.startswith("!") and profile[1:] not in active):
        return 500
    known = [number for number, one in enumerate(active) if one in re.split(r"[^\w-]+", profile)]
    if known:
        return len(active) - max(known)
    return 600 if not active and _PRODUCTION.search(profile) else None
