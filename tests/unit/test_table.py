"""A growing table of numbers and words."""

from __future__ import annotations

import math
import pickle

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from novamodel.simulation.table import Table

ROW = st.tuples(st.floats(allow_nan=False), st.integers(-(2**63), 2**63 - 1), st.sampled_from("abc"))


@given(st.lists(ROW, max_size=20))
def test_rows_come_back_as_they_went_in(rows: list[tuple[float, int, str]]) -> None:
    table = Table(time_s=float, count=int, tier=str)
    for row in rows:
        table.add(*row)
    expected = [dict(zip(("time_s", "count", "tier"), row, strict=True)) for row in rows]
    assert list(pickle.loads(pickle.dumps(table))) == expected
    assert len(table) == len(rows)
    assert pd.DataFrame(table.arrays()).to_dict("records") == expected
    if rows:
        pd.testing.assert_frame_equal(pd.DataFrame(table.arrays()), pd.DataFrame(expected))


def test_several_rows_at_a_time() -> None:
    table = Table(time_s=float, count=int)
    table.add(0.0, 1)
    table.extend([1.0, math.inf], [2, 3])
    assert [row["count"] for row in table] == [1, 2, 3]
    assert table[-1] == {"time_s": math.inf, "count": 3}
