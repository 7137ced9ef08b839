"""The decorators: options accepted by the numba at hand, and everything still runs without numba."""

import subprocess
import sys

import numba
import numpy as np

from novamodel.components import rule
from novamodel.components.columns import as_arrays, as_lists
from novamodel.components.nginx.limit_req import limit_req_state

WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from novamodel.components import maths, rule
from novamodel.components.nginx import limit_req
from novamodel.workload.philox import uniform_pair
state = limit_req.limit_req_state(1, [(1000, 0, 0)])
@rule.entry
def decide(s, now):
    return limit_req.limit_decide(s, 0, 0, now)
print(rule.COMPILED, rule.NO_REFERENCE_COUNTING, decide(state, 0), decide(state, 1))
print(maths.log(2.0), uniform_pair(1, 2, 3, 4))
"""


def test_this_numba_takes_every_option():
    assert rule.COMPILED
    assert rule.NO_REFERENCE_COUNTING
    assert set(rule._RULE_OPTIONS) == {"_nrt", "forceinline", "no_cpython_wrapper", "no_cfunc_wrapper"}
    assert numba.config.DISABLE_INTEL_SVML


def test_options_unknown_to_numba_are_left_out():
    assert rule.known_options(_nrt=False, _no_such_option=True) == {"_nrt": False}


def test_rules_are_plain_functions_and_entries_are_compiled():
    @rule.rule
    def add_one(x):
        return x + 1

    @rule.entry
    def twice(x):
        return add_one(add_one(x))

    assert type(add_one).__name__ == "function"
    assert twice(3) == 5
    assert twice.signatures


def test_without_numba_everything_runs_plain():
    from novamodel.components import maths
    from novamodel.workload.philox import uniform_pair

    done = subprocess.run([sys.executable, "-c", WITHOUT_NUMBA], capture_output=True, text=True, check=True, timeout=60)
    expected = f"False False (1, 0) (3, 0)\n{maths.log(2.0)} {uniform_pair(1, 2, 3, 4)}"
    assert done.stdout.strip() == expected


def test_columns_change_form_and_back():
    state = limit_req_state(2, [(1000, 0, 0)])
    arrays = as_arrays(state)
    assert arrays.excess.dtype == np.int64
    assert as_arrays(state._replace(seen=[1, 2.5])).seen.dtype == np.float64
    assert as_lists(arrays) == state
    arrays.excess[0] = 9
    assert state.excess[0] == 0
