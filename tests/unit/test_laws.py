"""Laws as rows: moments and quantiles from theory, lists and arrays equal to the last bit, mistakes refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from novamodel.components.rule import entry
from novamodel.errors import UserError
from novamodel.workload import laws as law
from novamodel.workload.gamma import gamma_quantile, log_gamma
from novamodel.workload.law_book import LawBook


@entry
def multipliers(laws, row, uniforms, out):
    for i in range(len(uniforms)):
        out[i] = law.multiplier(laws, row, uniforms[i])


@entry
def gammas(shape, uniforms, out):
    for i in range(len(uniforms)):
        out[i] = gamma_quantile(shape, uniforms[i])


def a_book() -> tuple[LawBook, dict[str, int]]:
    """One law of each kind, and a mixture within a mixture."""
    book = LawBook()
    rows = {name: book.add(name) for name in ("deterministic", "exponential", "unit")}
    rows["lognormal"] = book.add("lognormal", 0.8)
    rows["gamma below 1"], rows["gamma"] = book.add("gamma", 0.3), book.add("gamma", 12.5)
    rows["uniform"] = book.add("uniform", 0.75)
    rows["empirical"] = book.add("empirical", [3.0, 1.0, 1.0, 7.5, 0.0])
    inner = [(1, 5.0, rows["exponential"]), (3, 1.0, rows["empirical"])]
    rows["mixture"] = book.add("mixture", inner)
    rows["nested"] = book.add("mixture", [(0.2, 10.0, rows["gamma"]), (0.8, 1.0, rows["mixture"]), (0.0, 9.0, 0)])
    return book, rows


BOOK, ROWS = a_book()
MIDDLES = (np.arange(400_000) + 0.5) / 400_000
MULTIPLIERS = [name for name in ROWS if name != "unit"]


def drawn(name: str, uniforms: np.ndarray) -> np.ndarray:
    out = np.empty(len(uniforms))
    multipliers(BOOK.arrays(), ROWS[name], uniforms, out)
    return out


@pytest.mark.parametrize("name", ROWS)
def test_lists_and_arrays_agree_to_the_last_bit(name):
    rng = np.random.default_rng(3)
    ends = [2.0**-53, 1 - 2.0**-53, 0.5, 0.25, 0.75, 0.2, math.nextafter(0.2, 1.0)]
    uniforms = np.concatenate([rng.random(10_000 - len(ends)), ends])
    table = BOOK.table()
    plain = [law.multiplier(table, ROWS[name], float(u)) for u in uniforms]
    assert np.array_equal(np.array(plain), drawn(name, uniforms))


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_mean_is_one_and_scv_is_as_stated(name):
    """By the midpoint rule over u; heavy tails converge slowly, hence the tolerances."""
    values = drawn(name, MIDDLES)
    mean, scv = law.mean_scv(BOOK.table(), ROWS[name])
    assert mean == pytest.approx(1.0, abs=1e-12)
    assert values.mean() == pytest.approx(1.0, abs=2e-5)
    assert values.var() / values.mean() ** 2 == pytest.approx(scv, rel=2e-3, abs=1e-12)


def test_unit_is_the_uniform_itself():
    assert np.array_equal(drawn("unit", MIDDLES), MIDDLES)
    assert law.mean_scv(BOOK.table(), ROWS["unit"]) == (0.5, 1 / 3)


QUANTILES = {
    "exponential": stats.expon(),
    "lognormal": stats.lognorm(0.8, scale=math.exp(-0.32)),
    "gamma below 1": stats.gamma(0.3, scale=1 / 0.3),
    "gamma": stats.gamma(12.5, scale=1 / 12.5),
    "uniform": stats.uniform(0.25, 1.5),
}


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles(name):
    uniforms = np.linspace(0.001, 0.999, 999)
    assert drawn(name, uniforms) == pytest.approx(QUANTILES[name].ppf(uniforms), rel=1e-10)


@pytest.mark.parametrize("shape", [0.05, 0.07, 0.3, 0.999, 1.0, 1.001, 2.0, 7.3, 31.0, 99.9, 100.0])
def test_gamma_quantile_against_scipy(shape):
    """1e-9 relative from one end of the uniforms to the other (where the answer is no subnormal number)."""
    rng = np.random.default_rng(1)
    small = 10.0 ** -rng.uniform(0.3, 15.9, 2000)
    uniforms = np.concatenate([rng.random(4000), small, 1.0 - small, [2.0**-53, 1 - 2.0**-53]])
    out = np.empty(len(uniforms))
    gammas(shape, uniforms, out)
    below, above = special.gammaincinv(shape, uniforms), special.gammainccinv(shape, 1.0 - uniforms)
    want = np.where(uniforms < 0.5, below, above)
    normal = want > 1e-290
    assert normal.mean() > 0.95
    assert np.abs(out[normal] / want[normal] - 1.0).max() < 1e-9
    assert np.all(np.diff(out[np.argsort(uniforms)]) >= 0.0)


@given(st.floats(0.01, 1e4))
def test_log_gamma_against_scipy(x):
    assert log_gamma(x) == pytest.approx(special.gammaln(x), rel=1e-14, abs=1e-14)


def test_mixture_is_its_parts_in_their_shares():
    """Hyperexponential: 10 % with mean 5, 90 % with mean 5/9."""
    book = LawBook()
    row = book.add("mixture", [(0.1, 5.0, book.add("exponential")), (0.9, 5 / 9, book.add("exponential"))])
    assert law.mean_scv(book.table(), row)[1] == pytest.approx(2 * (0.1 * 25 + 0.9 * 25 / 81) - 1)
    out = np.empty(len(MIDDLES))
    multipliers(book.arrays(), row, MIDDLES, out)
    for x in (0.1, 1.0, 3.0, 10.0):
        assert np.mean(out > x) == pytest.approx(0.1 * math.exp(-x / 5) + 0.9 * math.exp(-x * 9 / 5), abs=1e-5)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40).filter(any), st.floats(2.0**-53, 1 - 2.0**-53))
def test_empirical_is_the_inverse_of_the_samples_distribution_function(samples, u):
    """The least sample that a share of at least u of all samples does not exceed."""
    book = LawBook()
    row = book.add("empirical", samples)
    want = next(x for i, x in enumerate(sorted(samples)) if (i + 1) / len(samples) >= u)
    got = law.multiplier(book.table(), row, u) * (sum(samples) / len(samples))
    near = [sorted(samples)[min(max(round(u * len(samples)) + k, 0), len(samples) - 1)] for k in (-1, 0)]
    on_a_step = abs(u * len(samples) - round(u * len(samples))) < 1e-12
    assert got == pytest.approx(want) or (on_a_step and any(got == pytest.approx(x) for x in near))


@given(
    st.sampled_from([name for name in MULTIPLIERS if name not in ("mixture", "nested")]),
    st.floats(1e-12, 1 - 1e-12),
    st.floats(1e-12, 1 - 1e-12),
)
def test_multipliers_do_not_decrease(name, u, v):
    table, row = BOOK.table(), ROWS[name]
    low, high = law.multiplier(table, row, min(u, v)), law.multiplier(table, row, max(u, v))
    assert low <= high * (1 + 1e-12)
    assert low >= 0.0


def test_a_law_keeps_its_row():
    book, rows = a_book()
    count = len(book.table().code)
    assert a_book()[1] == rows
    assert book.add("gamma", 12.5) == rows["gamma"]
    assert book.add("empirical", [0, 2, 2, 6, 15]) == rows["empirical"]  # the same samples in another unit
    assert len(book.table().code) == count
    assert book.add("gamma", 12.6) == count


def test_book_without_parts_has_typed_columns():
    book = LawBook()
    book.add("exponential")
    kinds = {name: column.dtype.kind for name, column in book.arrays()._asdict().items()}
    assert {name for name, kind in kinds.items() if kind == "f"} == {"parameter", "weight", "value"}


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("gama", (), "did you mean gamma"),
        ("gamma", (), "given 0 parameters"),
        ("gamma", (0.0,), "shape is 0"),
        ("gamma", (math.nan,), "shape is nan"),
        ("uniform", (1.5,), "half width"),
        ("lognormal", (-1.0,), "sigma"),
        ("exponential", (1.0,), "given 1 parameters"),
        ("empirical", ([],), "no samples"),
        ("empirical", ([1.0, math.inf],), "no number"),
        ("empirical", ([0.0, 0.0],), "all samples are 0"),
        ("mixture", ([],), "no part"),
        ("mixture", ([(1.0, 1.0, 99)],), "row 99"),
        ("mixture", ([(1.0, -1.0, 0)],), "negative"),
        ("mixture", ([(1.0, 1.0, ROWS["unit"])],), "no law of a duration"),
    ],
)
def test_mistakes(name, parameters, says):
    book, _ = a_book()
    with pytest.raises(UserError, match=says):
        book.add(name, *parameters)
