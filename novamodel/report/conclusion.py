"""The conclusion in sentences, each made from the answer's figures: verdict, advice, cost, what would change it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from types import SimpleNamespace
from typing import Any

from novamodel.figures.words import estimate_text, listed, size_text
from novamodel.report.screen import cost_text, sizes_by_service
from novamodel.scenario.not_modelled import NOT_MODELLED

LEFT_OUT = (
    "failures and deployments, unless `operations` of the scenario has them;"
    " everything the findings and the bill's last line leave out"
)


@dataclass(frozen=True)
class Conclusion:
    """Headed sentences that show themselves in a notebook and in a terminal."""

    sentences: tuple[tuple[str, str], ...]

    def _repr_html_(self) -> str:
        return "".join(f"<p><b>{escape(head)}.</b> {escape(text)}</p>" for head, text in self.sentences)

    def __str__(self) -> str:
        return "\n".join(f"{head}. {text}" for head, text in self.sentences)


def conclusion(answer: Mapping[str, Any], *, warnings: Iterable[str] = (), assumed: int = 0) -> Conclusion:
    """The conclusion of an answer.

    `answer`: the dictionary of `answer.json`. `warnings`: those of the run. `assumed`: how many values of the
    scenario nothing states or measures.
    """
    return Conclusion(
        (
            ("Today", _today(answer)),
            ("Advice", _advice(answer)),
            *([("How sure", str(answer["certainty"]))] if answer.get("certainty") else []),
            ("Cost", cost_text(answer)),
            ("What would change it", _change(answer, assumed)),
            (
                "Known gaps",
                "; ".join(
                    [*warnings, *_simplified(answer), f"not modelled: {'; '.join(NOT_MODELLED.values())}; {LEFT_OUT}"]
                ),
            ),
        )
    )


def _not_modelled() -> str:
    return "; ".join([*NOT_MODELLED.values(), LEFT_OUT])


def _simplified(answer: Mapping[str, Any]) -> list[str]:
    """Parts in use that leave out something that would change figures."""
    return [f"simplified: {part['path']} ({part['lacks']})" for part in answer.get("simplified") or []]


def _results(answer: Mapping[str, Any]) -> list[SimpleNamespace]:
    results = []
    for item in answer.get("slo") or []:
        numbers = {key: math.nan if item[key] is None else float(item[key]) for key in ("value", "low", "high")}
        results.append(SimpleNamespace(text=item["text"], met=item["met"], unit=item["unit"], **numbers))
    return results


def _today(answer: Mapping[str, Any]) -> str:
    results = _results(answer)
    if not results:
        return "No objective is given, so nothing is judged."
    missed = [f"{item.text} ({estimate_text(item)})" for item in results if not item.met]
    kept = [f"{item.text} ({estimate_text(item)})" for item in results if item.met]
    parts = [f"missed: {listed(missed)}"] if missed else []
    parts += [f"kept: {listed(kept)}"] if kept else []
    return "Objectives " + "; ".join(parts) + "."


def _advice(answer: Mapping[str, Any]) -> str:
    size = answer.get("size") or {}
    advised, now = sizes_by_service(size.get("advised") or {}), sizes_by_service(size.get("now") or {})
    if not any(advised.values()):
        return "No simulated candidate keeps every objective; the sizing table says what blocks."
    said = [*_sizes(advised, now), *_machines(answer)]
    if size.get("met") is False:
        closest = listed(said, most=8) or "today's size"
        return f"No simulated candidate keeps every objective; the closest is {closest}."
    if not said:
        return "Keep today's size: nothing cheaper that was simulated keeps every objective."
    return listed(said, most=8) + "."


def _machines(answer: Mapping[str, Any]) -> Iterator[str]:
    """Changes of what the services share: ``cache.node_type cache.t4g.micro instead of cache.t4g.small``."""
    for row in answer.get("advice") or []:
        if not str(row["path"]).startswith("services."):
            yield f"{row['path']} {row['advised']} instead of {row['now']}"


def _sizes(advised: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for service, row in advised.items():
        then, today = (size_text(SimpleNamespace(**part)) for part in (row, now.get(service, {})))
        if then != today:
            name = f"{service}: " if service else ""
            yield f"{name}{then}" + (f" instead of {today}" if today else "")


def _change(answer: Mapping[str, Any], assumed: int) -> str:
    breach = answer.get("load_multiple_at_breach")
    first = str(answer.get("first_limit") or "").rstrip(".")
    parts = [f"First limit: {first}."] if first else []
    if breach is not None and math.isfinite(breach) and "today's load" in first:
        pass  # the first limit says it already
    elif breach is not None and math.isfinite(breach):
        parts.append(f"Load of {breach:.3g} x today's peak misses an objective.")
    else:
        parts.append("No load that was tried misses an objective.")
    if assumed:
        parts.append(f"{assumed} values are assumed: your own measurements may move every figure here.")
    return " ".join(parts)
