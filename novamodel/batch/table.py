"""The results of a sweep as one table: a row a case, parameters as typed columns in SI units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from novamodel.batch.plan import Case, Plan
from novamodel.batch.store import Store
from novamodel.batch.values import in_column, in_words
from novamodel.errors import UserError
from novamodel.files import csv_text, write_whole

BATCH = 2_000
"""Rows in memory at a time while a Parquet file is written."""
TYPES = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
ENDS = ("", " low", " high")


def read(folder: str | Path) -> pd.DataFrame:
    """The table of a store, finished and failed cases; ``attrs`` holds, among others,
    ``parameters`` (paths), ``metrics``, ``limits`` (of the objectives, by metric) and ``units`` (by column).

    Columns: case, seed, status, the parameters by override path, each recorded metric with `` low`` and `` high``
    (its 95 % interval), ``cost_month`` (USD, with its range), ``met``, ``missed``, ``replications``, ``digest``,
    ``error``, ``took_s``, ``key``.
    """
    store = Store(folder)
    plan = store.plan()
    shape = schema(plan)
    frame = pa.Table.from_batches(list(batches(store, plan)), shape).to_pandas()
    frame.attrs = {
        "name": plan.sweep.name,
        "title": plan.sweep.title or plan.sweep.name,
        "design": plan.sweep.design,
        "planned": len(plan),
        "parameters": [column.path for column in plan.basis.columns],
        "metrics": list(plan.basis.units),
        "limits": dict(plan.basis.limits),
        "units": {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in shape},
    }
    return frame


def write_parquet(folder: str | Path, target: str | Path | None = None) -> Path:
    """Write the table as Parquet, a batch at a time; the file appears whole. Default: ``results.parquet`` in the store.

    The units of the columns stand in the fields' metadata.
    """
    store = Store(folder)
    plan = store.plan()
    place = store.folder / "results.parquet" if target is None else Path(target)
    part = place.with_name(f".{place.name}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(part, schema(plan)) as writer:
            for batch in batches(store, plan):
                writer.write_batch(batch)
        part.replace(place)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise UserError(f"{place} cannot be written: {problem.strerror or problem}", valid="--out elsewhere") from None
    return place


def write_csv(folder: str | Path, target: str | Path) -> Path:
    """Write the table of ``read`` as CSV; the file appears whole. Values in SI units."""
    write_whole(Path(target), csv_text(read(folder)))
    return Path(target)


def failures(folder: str | Path, most: int | None = None) -> pd.DataFrame:
    """Failed cases: case (-1: a notebook's), what was overridden, seed, error, log file."""
    store = Store(folder)
    plan = store.plan()
    rows = []
    for case, key, notebook in _named(plan):
        record = store.find(key)
        if record is not None and record["status"] != "done":
            kind = "notebook" if notebook else "run"
            log = str(store.log(key)) if store.log(key).exists() else ""
            rows.append((case.number, kind, in_words(case.overrides), case.seed, record["error"], log))
            if len(rows) == most:
                break
    return pd.DataFrame(rows, columns=["case", "kind", "overrides", "seed", "error", "log"])


def _named(plan: Plan) -> Iterator[tuple[Case, str, bool]]:
    for case in plan:
        yield case, plan.key(case), False
    for number in plan.rendered:
        yield plan[number], plan.notebook_key(plan[number]), True


def schema(plan: Plan) -> pa.Schema:
    """The columns of a plan's table."""

    def field(name: str, kind: str, unit: str = "") -> pa.Field:
        return pa.field(name, TYPES[kind], metadata={"unit": unit} if unit else None)

    record = plan.sweep.record
    fields = [field("case", "int"), field("seed", "int"), field("status", "text")]
    fields += [field(column.path, column.kind, column.unit) for column in plan.basis.columns]
    fields += [field(f"{name}{end}", "float", unit) for name, unit in plan.basis.units.items() for end in ENDS]
    if record.cost:
        fields += [field(f"cost_month{end}", "float", "USD") for end in ENDS]
    if record.slo:
        fields += [field("met", "bool"), field("missed", "text")]
    fields += [field("replications", "int"), field("digest", "text"), field("error", "text")]
    return pa.schema([*fields, field("took_s", "float", "s"), field("key", "text")])


def batches(store: Store, plan: Plan) -> Iterator[pa.RecordBatch]:
    """The rows of all recorded cases in the plan's order, some thousand at a time."""
    shape = schema(plan)
    rows: list[dict[str, Any]] = []
    for case in plan:
        key = plan.key(case)
        record = store.find(key)
        if record is None:
            continue
        rows.append(_row(plan, case, key, record))
        if len(rows) == BATCH:
            yield pa.RecordBatch.from_pylist(rows, shape)
            rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, shape)


def _row(plan: Plan, case: Case, key: str, record: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"case": case.number, "seed": case.seed, "status": record["status"], "key": key}
    parameters = record.get("parameters", {})
    for column in plan.basis.columns:
        row[column.path] = in_column(parameters.get(column.path), column.kind)
    for name, found in [*record.get("estimates", {}).items(), ("cost_month", record.get("cost"))]:
        for end, value in zip(ENDS, found or (), strict=False):
            row[f"{name}{end}"] = value
    row |= {name: record.get(name) for name in ("met", "replications", "digest", "error", "took_s")}
    row["missed"] = "; ".join(record["missed"]) if "missed" in record else None
    return row
