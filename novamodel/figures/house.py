"""The house style of every figure: one template, one colour for each kind of tier, titles that state a finding.

The colours stay apart for readers with any colour-vision deficiency and in grey print (tests/unit/test_figures.py
measures that); lines also carry direct labels, so that colour is never the only mark.
"""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import plotly.graph_objects as go

COLOURS = {
    "edge": "#56B4E9",
    "api": "#0072B2",
    "admin": "#CC79A7",
    "cache": "#E69F00",
    "pool": "#009E73",
    "database": "#4B2E83",
    "cost": "#5A5A5A",
    "slo": "#D55E00",
}
"""One colour for each kind of tier, the same in every figure."""

INK, MUTED, RULE, FAINT = "#222222", "#5F6368", "#D9DCE0", "#F3F4F6"
FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
TITLE_CHARACTERS, SUBTITLE_CHARACTERS = 86, 134
LINE = 22


def _axis(**more: Any) -> dict[str, Any]:
    return {
        "showline": True,
        "linecolor": "#9AA0A6",
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": "#9AA0A6",
        "gridcolor": "#ECEEF0",
        "zeroline": False,
        "title": {"font": {"size": 12, "color": MUTED}, "standoff": 6},
        "tickfont": {"size": 11},
        **more,
    }


TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "colorway": [colour for name, colour in COLOURS.items() if name != "slo"],
        "xaxis": _axis(showgrid=False),
        "yaxis": _axis(nticks=6),
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "bgcolor": "white"},
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        "hovermode": "closest",
        # upright at the right edge, so that it never covers a title; nothing that sends data away
        "modebar": {
            "orientation": "v",
            "bgcolor": "rgba(255,255,255,0)",
            "remove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "sendChartToCloud"],
        },
    }
)


def kind_of(tier: str) -> str:
    """The kind of tier (a key of `COLOURS`) behind a tier's or a place's name, such as ``core-api cpu``.

    Tiers of further parts have the part's name in front: ``ledger postgres cpu``, ``office edge``.
    """
    name = tier.lower()
    first, _, rest = name.partition(" ")
    if first in ("external", "queue") and rest:
        return "cost" if first == "external" else "pool"
    own = _kind_of(name)
    behind = _kind_of(rest) if rest else own
    return behind if own in ("api", "admin") and behind not in ("api", "admin") else own


def _kind_of(name: str) -> str:
    if name in ("edge", "network") or name.startswith(("nginx", "ingress")):
        return "edge"
    if name.endswith(" pool") or name.startswith(("pgbouncer", "pool", "connect")):
        return "pool"
    if name.startswith(("postgres", "database", "storage")):
        return "database"
    if name.startswith(("redis", "valkey", "cache")):
        return "cache"
    return "admin" if "admin" in name else "api"


def colour_of(tier: str) -> str:
    """The colour of a tier or place by its name."""
    return COLOURS[kind_of(tier)]


def rgba(colour: str, alpha: float) -> str:
    """``#0072B2`` with an opacity from 0 to 1, as plotly writes it."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def finish(
    fig: go.Figure, finding: str, how_to_read: str, *, height: int, left: int = 64, right: int = 150, bottom: int = 52
) -> go.Figure:
    """Give a figure the house's template, its finding as title and one sentence on how to read it below.

    `height` is that of the plot with its lower margin, in pixels; the title's room is added to it.
    The width is left to the page.
    """
    title = wrap(finding, TITLE_CHARACTERS, break_on_hyphens=False) or [""]
    subtitle = wrap(how_to_read, SUBTITLE_CHARACTERS, break_on_hyphens=False)
    top = LINE * (len(title) + len(subtitle)) + 48
    text = "<br>".join(f"<b>{escape(line)}</b>" for line in title)
    for line in subtitle:
        text += f"<br><span style='font-size:12.5px;color:{MUTED}'>{escape(line)}</span>"
    fig.update_layout(
        template=TEMPLATE,
        height=height + top,
        margin={"l": left, "r": right, "t": top, "b": bottom},
        title={
            "text": text,
            "font": {"size": 17},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 12, "t": 22},
        },
    )
    return fig


def escape(text: str) -> str:
    """Text for plotly's labels, which read ``<`` and ``&`` as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis_ids(fig: go.Figure, row: int, col: int = 1, *, secondary: bool = False) -> tuple[str, str]:
    """The references (``x3``, ``y3``) of a panel's axes, for annotations and shapes."""
    panel = fig.get_subplot(row, col, secondary_y=secondary) if secondary else fig.get_subplot(row, col)
    return panel.xaxis.plotly_name.replace("axis", ""), panel.yaxis.plotly_name.replace("axis", "")


def note(fig: go.Figure, text: str, *, xref: str = "paper", yref: str = "paper", y: float = 0.5) -> None:
    """Say in the middle of an empty panel why it is empty. References as `axis_ids` gives them."""
    domain = "" if xref == "paper" else " domain"
    fig.add_annotation(
        text="<br>".join(escape(line) for line in wrap(text, 90)),
        x=0.5,
        y=y,
        xref=f"{xref}{domain}",
        yref=f"{yref}{domain}",
        showarrow=False,
        font={"size": 13, "color": MUTED},
        bgcolor=FAINT,
        bordercolor=RULE,
        borderpad=7,
    )


def empty(finding: str, how_to_read: str, why: str) -> go.Figure:
    """A whole figure that has nothing to draw and says why."""
    fig = go.Figure()
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    note(fig, why)
    return finish(fig, finding, how_to_read, height=170, left=30, right=30, bottom=20)


def limit_line(fig: go.Figure, value: float, *, row: int, col: int = 1, vertical: bool = False) -> None:
    """Draw an SLO or another limit across a panel, in data units (log axes too)."""
    style = {"line": {"color": COLOURS["slo"], "width": 1.8, "dash": "dash"}, "layer": "above"}
    if vertical:
        fig.add_vline(x=value, row=row, col=col, **style)
    else:
        fig.add_hline(y=value, row=row, col=col, **style)
