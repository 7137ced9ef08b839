"""The pool chain: replicas x pool, PgBouncer, max_connections, and where a budget overflows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import plotly.graph_objects as go

from novamodel.figures.house import COLOURS, INK, colour_of, empty, escape, finish, rgba
from novamodel.figures.reshape import over_time
from novamodel.figures.words import listed

HOW = (
    "Bars: connections that may be opened, by who opens them. The dashed mark is what the next stage accepts; a bar"
    " that passes it can be refused or wait."
)
USED = " The triangle is the most that were busy with a transaction in the run."

AXIS = 2.6
"""Length of the axis over the longest bar; a budget beyond it is named, not drawn."""


class Stage(NamedTuple):
    """One stage: its name, who may open how many connections, what accepts them, the most used in the run."""

    name: str
    parts: tuple[tuple[str, float], ...]
    budget: float
    budget_name: str
    used: float


def pool_chain(scenario: Any, result: Any = None) -> go.Figure:
    """Connections from the replicas' pools to PostgreSQL, now and at the autoscaler's maximum, with their budgets.

    The main database; that pools to further ones are not drawn is said.
    """
    pooled = {name: service for name, service in scenario.services.items() if service.pool is not None}
    if not pooled:
        return empty("No service has a connection pool", HOW, "Without pools there is no chain to draw.")
    stages = list(_stages(scenario, pooled, result))
    fig = go.Figure()
    names = [f"<b>{escape(stage.name)}</b>" for stage in stages]
    seen: set[str] = set()
    for place, stage in enumerate(stages):
        for who, count in stage.parts:
            colour = colour_of("pgbouncer" if who == "PgBouncer" else who)
            fig.add_bar(
                y=[place],
                x=[count],
                orientation="h",
                marker={"color": rgba(colour, 0.75), "line": {"color": "white", "width": 1}},
                name=who,
                legendgroup=who,
                showlegend=who not in seen,
                text=[f"{count:.0f}"],
                textposition="inside",
                insidetextanchor="start",
                textfont={"size": 12, "color": "white"},
                hovertemplate=f"{escape(who)}: %{{x:.0f}} connections<extra></extra>",
            )
            seen.add(who)
    end = AXIS * max(sum(count for _, count in stage.parts) for stage in stages)
    _budgets(fig, stages, end)
    how = HOW + (USED if _used(fig, stages) else "")
    if any(service.pools for service in scenario.services.values()):
        how += f" Not drawn: pools to {listed(scenario.databases)}."
    fig.update_layout(barmode="stack", bargap=0.5, legend={"traceorder": "normal"})
    fig.update_xaxes(title_text="connections", range=[0, end], showgrid=True)
    fig.update_yaxes(autorange="reversed", showgrid=False, ticks="", tickvals=list(range(len(names))), ticktext=names)
    return finish(fig, _finding(stages), how, height=78 * len(stages) + 90, left=230, right=40)


def _stages(scenario: Any, pooled: dict[str, Any], result: Any) -> Any:
    database, bouncer = scenario.database, scenario.database.pgbouncer
    usable = float(database.max_connections - database.reserved_connections)
    accepts, name = (
        (usable, "PostgreSQL accepts") if bouncer is None else (float(bouncer.max_client_conn), "PgBouncer accepts")
    )
    scaled = any(service.autoscaler is not None for service in pooled.values())
    for when, most in (("at the start", False), ("at the HPA's maximum", True)) if scaled else (("pools", False),):
        parts = tuple((service, _replicas(spec, most) * spec.pool.max) for service, spec in pooled.items())
        title = f"pools {when}" if scaled else when
        yield Stage(title, parts, accepts, name, math.nan if most else _pools_used(result, pooled))
    if bouncer is not None:
        size = float(bouncer.default_pool_size)
        yield Stage(
            "PgBouncer to PostgreSQL",
            (("PgBouncer", size),),
            usable,
            "PostgreSQL accepts",
            _used_by(result, "pgbouncer"),
        )


def _replicas(service: Any, most: bool) -> float:
    if service.autoscaler is None:
        return float(service.replicas)
    return float(service.autoscaler.max_replicas if most else max(service.replicas, service.autoscaler.min_replicas))


def _used_by(result: Any, tier: str) -> float:
    if result is None:
        return math.nan
    rows = result.tiers[result.tiers["tier"] == tier]
    return float(over_time(rows, "busy")["mean"].max()) if len(rows) else math.nan


def _pools_used(result: Any, pooled: dict[str, Any]) -> float:
    if result is None:
        return math.nan
    rows = result.tiers[result.tiers["tier"].isin([f"{name} pool" for name in pooled])]
    if not len(rows):
        return math.nan
    together = rows.groupby(["replication", "clock_s"])["busy"].sum().reset_index()
    return float(over_time(together, "busy")["mean"].max())


def _budgets(fig: go.Figure, stages: list[Stage], end: float) -> None:
    for place, stage in enumerate(stages):
        total = sum(count for _, count in stage.parts)
        over = total - stage.budget
        far = stage.budget > 0.72 * end
        if not far:
            line = {"color": COLOURS["slo"], "width": 2.4, "dash": "dash"}
            fig.add_shape(type="line", x0=stage.budget, x1=stage.budget, y0=place - 0.4, y1=place + 0.27, line=line)
        text = f"{stage.budget_name} {stage.budget:,.0f}" + (" (beyond this axis)" if far else "")
        text += f": {over:,.0f} too many" if over > 0 else f", {-over:,.0f} to spare"
        fig.add_annotation(
            x=total if far else max(stage.budget, total),
            y=place,
            text=escape(text),
            xanchor="left",
            xshift=7,
            showarrow=False,
            bgcolor="white",  # over the grid
            borderpad=1,
            font={"size": 11.5, "color": COLOURS["slo"] if over > 0 else INK},
        )


def _used(fig: go.Figure, stages: list[Stage]) -> bool:
    """Mark what the run used; whether it is known of any stage."""
    known = [(place, stage.used) for place, stage in enumerate(stages) if math.isfinite(stage.used)]
    if known:
        fig.add_scatter(
            x=[used for _, used in known],
            y=[place + 0.36 for place, _ in known],
            mode="markers+text",
            marker={"size": 9, "symbol": "triangle-up", "color": INK},
            text=[f" {used:.3g} busy at most" for _, used in known],
            textposition="middle right",
            textfont={"size": 11.5, "color": INK},
            hoverinfo="skip",
            cliponaxis=False,
            showlegend=False,
        )
    return bool(known)


def _finding(stages: list[Stage]) -> str:
    over = [stage for stage in stages if sum(count for _, count in stage.parts) > stage.budget]
    if over:
        stage = over[0]
        total = sum(count for _, count in stage.parts)
        limit = f"{stage.budget_name} {stage.budget:.0f}"
        return f"The budget overflows: {stage.name} may open {total:.0f} connections, {limit}"
    tight = min(stages, key=lambda stage: stage.budget - sum(count for _, count in stage.parts))
    spare = tight.budget - sum(count for _, count in tight.parts)
    return f"Every connection budget holds; the tightest is {tight.name} with {spare:.0f} to spare"
