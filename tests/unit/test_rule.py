"""The decorators: options accepted by the numba at hand, and everything still runs without numba."""

import subprocess
import sys

import numba
import numpy as np

from novamodel.components import rule
from novamodel.components.columns import as_arrays, as_lists, as_object
from novamodel.components.nginx.limit_req import limit_req_state

WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from novamodel.components import maths, rule
from novamodel.components.nginx import limit_req
from novamodel.components.philox import uniform_pair
state = limit_req.limit_req_state(1, [(1000, 0, 0)])
@rule.entry
def decide(s, now):
    return limit_req.limit_decide_all(s, 0, 1, [0], now)
print(rule.COMPILED, rule.NO_REFERENCE_COUNTING, decide(state, 0), decide(state, 1))
print(maths.log(2.0), uniform_pair(1, 2, 3, 4))
"""


def test_this_numba_takes_every_option():
    assert rule.COMPILED
    assert rule.NO_REFERENCE_COUNTING
    assert rule.RULE_OPTIONS["pipeline_class"].__name__ == "RuleCompiler"
    wanted = {"_nrt", "error_model", "no_cpython_wrapper", "no_cfunc_wrapper", "pipeline_class"}
    assert set(rule.RULE_OPTIONS) == wanted
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


def test_entries_share_rules_and_handlers_and_keep_no_copy_of_what_is_inlined():
    @rule.rule
    def add_one(x):
        return x + 1

    @rule.handler
    def count(x, n):
        for _ in range(n):
            x = add_one(x)
        return x * x

    @rule.handler
    def deep(x, n):
        return count(x, n) + count(add_one(x), n)

    @rule.entry
    def first(x, n):
        return count(x, n) - deep(x, n)

    @rule.entry
    def second(x, n):
        return deep(x, n) + count(x, n)

    assert first(2, 3) == 25 - (25 + 36)
    assert second(2, 3) == 25 + 36 + 25
    assert first(2.5, 1) == 12.25 - (12.25 + 20.25)
    (code,) = [text for types, text in second.inspect_llvm().items() if types[0] is numba.int64]
    defined = [line for line in code.splitlines() if line.startswith("define")]
    assert not any("add_one" in line for line in defined)
    assert all("internal" in line for line in defined if "deep" in line or "count" in line)


PLAIN_NUMBA = """
import sys
sys.modules["novamodel.components.whole_program"] = None
from novamodel.components import maths, rule
rule.kernel_folder = lambda version: None
@rule.entry
def both(x):
    return maths.exp(x), maths.log(x)
print("pipeline_class" in rule.RULE_OPTIONS, both(1.7))
"""


def test_a_numba_that_works_differently_inside_gives_the_same():
    from novamodel.components import maths

    done = subprocess.run([sys.executable, "-c", PLAIN_NUMBA], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == f"False {maths.exp(1.7), maths.log(1.7)}"


def test_without_numba_everything_runs_plain():
    from novamodel.components import maths
    from novamodel.components.philox import uniform_pair

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


def test_an_object_shares_the_columns_of_its_state():
    state = limit_req_state(2, [(1000, 0, 0)])
    found = as_object(state)
    found.excess[1] = 7
    assert state.excess == [0, 7]
    assert [getattr(found, name) for name in state._fields] == list(state)
