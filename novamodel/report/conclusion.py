"""The conclusion in sentences, each made from the answer's figures: verdict, first limit, advice, cost, gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from types import SimpleNamespace
from typing import Any

import pandas as pd

from novamodel.figures.words import estimate_text, listed, size_text
from novamodel.report.resting import mark_of
from novamodel.report.screen import cost_text, first_limit_text, fixes_text, left_text, sizes_by_service
from novamodel.report.tables import Table, place_text
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


def conclusion(answer: Mapping[str, Any]) -> Conclusion:
    """The conclusion of an answer: the dictionary of `answer.json`."""
    failed = [f"{row['part']}: {row['why']}" for row in answer.get("failed") or []]
    warnings = [str(text) for text in answer.get("warnings") or []]
    gaps = [
        *(answer.get("budget") or []),
        *warnings,
        *_simplified(answer),
        *_seen(answer),
        f"not modelled: {_not_modelled()}",
    ]
    said = [
        ("Today", _today(answer)),
        ("Could not be made", "; ".join(failed)),
        ("Breaks first", first_limit_text(answer) + mark_of(answer.get("limit_rests_on"))),
        ("What would lift it", fixes_text(answer, mark_of(answer.get("limit_rests_on")))),
        ("Advice", _advice(answer)),
        ("How sure", str(answer.get("certainty") or "")),
        ("Cost", cost_text(answer).replace("   ", "; ")),
        ("What would change it", _change(answer)),
        ("Known gaps", "; ".join(gaps)),
    ]
    return Conclusion(tuple((head, text) for head, text in said if text))


def _not_modelled() -> str:
    return "; ".join([*NOT_MODELLED.values(), LEFT_OUT])


def _seen(answer: Mapping[str, Any]) -> list[str]:
    """What was seen in files without a model for it, counted."""
    return [text] if (text := left_text(answer.get("not_modelled") or [])) else []


def _simplified(answer: Mapping[str, Any]) -> list[str]:
    """Parts in use that leave out something that would change figures."""
    return [f"simplified: {part['path']} ({part['lacks']})" for part in answer.get("simplified") or []]


def _results(answer: Mapping[str, Any]) -> list[SimpleNamespace]:
    results = []
    for item in answer.get("slo") or []:
        numbers = {key: math.nan if item[key] is None else float(item[key]) for key in ("value", "low", "high")}
        mark = mark_of(item.get("assumed"))
        results.append(SimpleNamespace(text=item["text"], met=item["met"], unit=item["unit"], mark=mark, **numbers))
    return results


def _today(answer: Mapping[str, Any]) -> str:
    results = _results(answer)
    if not results and any(row["part"] == "peak" for row in answer.get("failed") or []):
        return "The peak could not be simulated, so nothing is judged."
    if not results:
        return "No objective is given, so nothing is judged."
    said = [(item, f"{item.text} ({estimate_text(item)}){item.mark}") for item in results]
    missed = [text for item, text in said if not item.met]
    kept = [text for item, text in said if item.met]
    parts = [f"missed: {listed(missed)}"] if missed else []
    parts += [f"kept: {listed(kept)}"] if kept else []
    return "Objectives " + "; ".join(parts) + "."


def _advice(answer: Mapping[str, Any]) -> str:
    size = answer.get("size") or {}
    advised, now = sizes_by_service(size.get("advised") or {}), sizes_by_service(size.get("now") or {})
    if not size and any(row["part"] == "sizing" for row in answer.get("failed") or []):
        return "No size could be looked for."
    if not any(advised.values()):
        return "No simulated candidate keeps every objective; the sizing table says what blocks."
    mark = mark_of(answer.get("limit_rests_on"))
    said = [f"{text}{mark}" for text in (*_sizes(advised, now), *_machines(answer))]
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


def _change(answer: Mapping[str, Any]) -> str:
    assumed = (answer.get("rests_on") or {}).get("assumed")
    return f"{assumed} values are assumed: your own measurements may move every figure here." if assumed else ""


def advice_table(answer: Mapping[str, Any]) -> Table:
    """Each change that is advised: from what to what, why, where it is written, and what it saves or costs alone."""
    rows = [
        (
            row["path"],
            f"{row['now']} -> {row['advised']}{mark_of(row.get('assumed'))}",
            row["why"],
            place_text(row.get("file"), row.get("line")),
            _alone(row.get("cost_alone")),
        )
        for row in answer.get("advice") or []
    ]
    columns = ["value", "change", "why", "place", "alone (USD a month)"]
    return Table("What to change", pd.DataFrame(rows, columns=columns), right=(columns[-1],))


def _alone(amount: Any) -> str:
    return "not known" if amount is None else f"{amount:+,.2f}" if amount else "0.00"
