"""The sweep file: which override paths take which values, and what is kept of each case."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from novamodel.scenario.fields import FewCount, Part, PositiveCount, PositiveSeconds, Seed, given, needed

Design = Literal["grid", "list", "latin-hypercube", "sobol", "morris", "sobol-indices"]
SAMPLED = ("latin-hypercube", "sobol", "morris", "sobol-indices")
SENSITIVITY = ("morris", "sobol-indices")
METRIC = re.compile(r"([\w.]+)(?:\(([\w.*-]+)\))?")
"""``p99``, ``p99(login)`` or ``p99(*)`` for every route."""


class Record(Part):
    """What is kept of each case, beside its parameters and digest."""

    metrics: tuple[str, ...] = Field(
        default=("p50", "p99", "errors", "rejected", "rate", "goodput"),
        min_length=1,
        description="estimates with their intervals: p99, p99(login) of a route, p99(*) of every route",
    )
    cost: bool = given(
        True, "the month's bill: USD with its range (takes about as long as a simulated minute)", "assumed"
    )
    slo: bool = given(True, "whether every objective is met, and which are missed", "assumed")

    @field_validator("metrics")
    @classmethod
    def _form(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not METRIC.fullmatch(value):
                raise ValueError(f"{value!r} is not a metric; write it like p99, p99(login) or errors(*)")
        return values


class Notebooks(Part):
    """Which cases are also executed as a notebook; the executed notebook and its HTML are kept."""

    notebook: str = needed("a bundled notebook's name (00_report) or an .ipynb file beside the sweep file")
    cases: Literal["first", "all"] | tuple[int, ...] = given("first", "first, all, or case numbers", "assumed")
    parameters: dict[str, Any] = given(
        {}, "parameters of the notebook beside scenario, overrides and seed", "default: the notebook's own"
    )


class Sweep(Part):
    """A space of variants of one scenario."""

    name: str = Field(pattern=r"^\w[\w.-]*$", description="short name; names the store")
    title: str = given("", "one line for headings", "default: the name")
    scenario: str = needed("scenario file or folder beside the sweep file, or a bundled scenario's name")
    fixed: dict[str, Any] = given({}, "override path to the value that every case has", "default: nothing")
    design: Design = given("grid", "how cases are chosen", "assumed")
    vary: dict[str, Any] = given(
        {}, "override path to a list of values, or to {from, to} with steps (grid) and scale (linear, log)", "default"
    )
    cases: tuple[dict[str, Any], ...] = given((), "design list: the overrides of each case", "default: none")
    samples: PositiveCount = Field(
        default=64,
        le=10**6,
        description="points of latin-hypercube and sobol, trajectories of morris, base points of sobol-indices",
    )
    sample_seed: Seed = given(1, "seed of the sample", "assumed")
    seeds: tuple[Seed, ...] = given((), "each case with each seed", "default: the scenario's run.seed")
    replications: FewCount | None = given(None, "independent runs of each case", "default: the scenario's")
    engine: Literal["auto", "simpy", "compiled"] = given("auto", "both give the same requests", "assumed")
    record: Record = given({}, "what is kept of each case", "assumed")
    notebooks: Notebooks | None = given(None, "cases that are also executed as a notebook", "default: none")
    time_limit: PositiveSeconds = given("1 h", "a case that takes longer is ended and recorded as failed", "assumed")
