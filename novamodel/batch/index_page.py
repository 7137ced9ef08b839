"""`index.html` of a store: the rendered notebooks, the table, the failures."""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import Any

from novamodel.batch.plan import Case, Plan
from novamodel.batch.store import Store
from novamodel.batch.values import in_words
from novamodel.units import format_fraction, format_time

MOST_ROWS = 500
STYLE = """body { font: 15px/1.5 Arial, Helvetica, 'Liberation Sans', sans-serif; color: #222; margin: 2em auto;
  max-width: 1180px; padding: 0 1em }
table { border-collapse: collapse; font-size: 13px }
th, td { text-align: left; padding: 3px 12px 3px 0; border-bottom: 1px solid #D9DCE0; vertical-align: top }
.no { color: #D55E00 } .number { text-align: right } small { color: #5F6368 }"""


def write_index(store: Store, plan: Plan) -> None:
    """Write the page; links are relative, so that the folder can be moved or served."""
    store.write(store.folder / "index.html", _page(store, plan).encode())


def _page(store: Store, plan: Plan) -> str:
    title = escape(plan.sweep.title or plan.sweep.name)
    rows = "\n".join(_row(store, plan, case) for case in islice(plan, MOST_ROWS))
    left_out = len(plan) - MOST_ROWS
    more = f"<p><small>{left_out:,} more cases are in the table.</small></p>" if left_out > 0 else ""
    heads = "".join(f"<th>{escape(name)}</th>" for name in _heads(plan))
    notebooks = "\n".join(_notebook(store, plan, plan[number]) for number in plan.rendered)
    shown = f"<h2>Notebooks</h2>\n<ul>\n{notebooks}\n</ul>\n" if notebooks else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"</head>\n<body>\n<h1>{title}</h1>\n<p>{len(plan):,} cases, design {plan.sweep.design}, scenario "
        f"{escape(plan.sweep.scenario)}. All of it in one table: <code>novamodel sweep results</code> writes "
        f'<a href="results.parquet">results.parquet</a>.</p>\n{shown}<h2>Cases</h2>\n'
        f"<table><tr><th>case</th><th>changed</th>{heads}</tr>\n{rows}\n</table>\n{more}</body></html>\n"
    )


def _heads(plan: Plan) -> list[str]:
    record = plan.sweep.record
    return [*plan.basis.units, *["USD a month"] * record.cost, *["SLO"] * record.slo]


def _row(store: Store, plan: Plan, case: Case) -> str:
    key = plan.key(case)
    record = store.find(key)
    seed = f", seed {case.seed}" if len(plan.basis.seeds) > 1 else ""
    cells = [f"<td>{case.number}</td><td>{escape(in_words(case.overrides) + seed)}</td>"]
    if record is None:
        cells.append(f'<td colspan="{len(_heads(plan))}">not run yet</td>')
    elif record["status"] != "done":
        log = f' <a href="logs/{key}.log">log</a>' if store.log(key).exists() else ""
        cells.append(f'<td colspan="{len(_heads(plan))}" class="no">{escape(record["error"])}{log}</td>')
    else:
        cells += _figures(plan, record)
    return f"<tr>{''.join(cells)}</tr>"


def _figures(plan: Plan, record: dict[str, Any]) -> list[str]:
    cells = []
    for name, unit in plan.basis.units.items():
        cells.append(f'<td class="number">{_text(record["estimates"][name][0], unit)}</td>')
    if plan.sweep.record.cost:
        cells.append(f'<td class="number">{record["cost"][0]:,.0f}</td>')
    if plan.sweep.record.slo:
        missed = escape("; ".join(record["missed"]))
        cells.append("<td>met</td>" if record["met"] else f'<td class="no">missed: {missed}</td>')
    return cells


def _text(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    return format_time(value) if unit == "s" else format_fraction(value) if unit == "1" else f"{value:.4g}/s"


def _notebook(store: Store, plan: Plan, case: Case) -> str:
    key = plan.notebook_key(case)
    record = store.find(key)
    name = f"case {case.number}: {escape(in_words(case.overrides))}"
    if record is None:
        return f"<li>{name}: not run yet</li>"
    if record["status"] != "done":
        return f'<li>{name}: <span class="no">{escape(record["error"])}</span></li>'
    place = store.notebook_folder(key).relative_to(store.folder).as_posix()
    return f'<li><a href="{place}/notebook.html">{name}</a> (<a href="{place}/notebook.ipynb">ipynb</a>)</li>'
