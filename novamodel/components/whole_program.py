"""How rules and entries are compiled: each rule once, and all that an entry calls optimised once, together.

numba optimises every function on its own, with all that it calls, and makes machine code of each: work that grows
with the depth of calls. Here a rule or a handler ends as LLVM code that is not optimised (`Part`); an entry links all
that it calls, directly or not, and LLVM works on that once (`Whole`). What is linked is private to the entry, so
whatever is inlined everywhere leaves no copy behind. A `pipeline_class` is numba's way to have passes of one's own;
of the usual ones those remain that our functions need (no closures, generators, exceptions or `with`).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from numba._dynfunc import make_function
from numba.core.cgutils import alloca_once
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.ir_utils import build_definitions
from numba.core.lowering import Lower
from numba.core.ssa import reconstruct_ssa
from numba.core.transforms import canonicalize_cfg
from numba.core.typed_passes import NativeLowering, NoPythonBackend, NopythonTypeInference, PreLowerStripPhis
from numba.core.untyped_passes import FixupArgs, TranslateByteCode

FEW_PASSES, MOST_PASSES = 2, 3
"""LLVM's levels of optimisation: for parts, which are worked on again as a whole, and for the whole."""


class Part(JITCodeLibrary):  # type: ignore[misc]
    """LLVM code of one function; tidied up, neither optimised nor run by itself."""

    def add_llvm_module(self, module: Any) -> None:
        """Take the function's module as it is; numba would copy it into one more."""
        self._optimize_functions(module)
        for function in module.functions:
            if not function.is_declaration and function.linkage.name == "external":
                function.linkage = "linkonce_odr"  # several entries may link it
        self._final_module = self._shared_module = module

    def _optimize_functions(self, module: Any) -> None:
        """What is only declared here is left out, and one pass manager serves the module."""
        module.data_layout = self._codegen._data_layout
        try:
            manager, builder = self._codegen._function_pass_manager(opt=FEW_PASSES)
        except TypeError:  # numba 0.61 does otherwise
            super()._optimize_functions(module)
            return
        for function in module.functions:
            if not function.is_declaration:
                manager.run(function, builder)

    def finalize(self) -> None:
        """Nothing to do: whoever links it does the work."""
        self._finalized = True


class Whole(JITCodeLibrary):  # type: ignore[misc]
    """LLVM code of an entry and of all that it calls."""

    _linking_libraries: list[Any]

    def finalize(self) -> None:
        """Link the parts, those who call before those who are called: a part that nobody wants yet is left out."""
        self._linking_libraries = _callers_first(self._linking_libraries)
        super().finalize()

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage.name == "linkonce_odr":
                function.linkage = "internal"
        made = self._codegen._module_pass_manager(opt=MOST_PASSES)
        manager, *builder = made if isinstance(made, tuple) else (made,)  # numba 0.61 has no builder
        manager.run(self._final_module, *builder)


def _callers_first(libraries: list[Any]) -> list[Any]:
    """The libraries and all that they link."""
    found: list[Any] = []
    seen: set[int] = set()

    def visit(library: Any) -> None:
        if id(library) not in seen:
            seen.add(id(library))
            if isinstance(library, Part):
                for one in library._linking_libraries:
                    visit(one)
            found.append(library)

    for library in libraries:
        visit(library)
    return found[::-1]


def _front_end(state: Any) -> None:
    """From byte code to typed code, as in numba's own pipeline, but for lifetimes: nothing here counts references."""
    TranslateByteCode().run_pass(state)
    FixupArgs().run_pass(state)
    code = state.func_ir
    code.blocks = canonicalize_cfg(code.blocks)
    state.func_ir = code = reconstruct_ssa(code)
    code._definitions = build_definitions(code.blocks)
    NopythonTypeInference().run_pass(state)
    if any(next(block.find_exprs("phi"), None) is not None for block in code.blocks.values()):
        PreLowerStripPhis().run_pass(state)


class _Lower(Lower):  # type: ignore[misc]
    """From typed code to LLVM's, without what only a debugger or an error message would read."""

    def lower_block(self, block: Any) -> None:
        """One instruction after the other."""
        self.pre_block(block)
        for instruction in block.body:
            self.loc = instruction.loc
            self.lower_inst(instruction)
        self.post_block(block)

    def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:
        """Room for a variable."""
        return alloca_once(self.builder, lltype, name=name, zfill=False)


class _Lowering(NativeLowering):  # type: ignore[misc]
    """One pass does all: numba's manager would look at each function again after every one of several."""

    lowering_class = _Lower


@register_pass(mutates_CFG=False, analysis_only=False)
class _PartLowering(_Lowering):
    _name = "novamodel_part"
    inlined = False

    def run_pass(self, state: Any) -> bool:
        """LLVM code, and a handle that stands for the function; the handle cannot be called."""
        _front_end(state)
        name = state.func_id.func_name
        state.library = Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.forceinline = self.inlined
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        if not self.inlined:
            state.library.get_function(lowered.fndesc.mangled_name).add_function_attribute("noinline")
        handle = make_function(lowered.fndesc.lookup_module(), name, "", 0, lowered.env, (state.library,))
        state.targetctx.insert_user_function(handle, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=handle)
        NoPythonBackend().run_pass(state)
        return False


@register_pass(mutates_CFG=False, analysis_only=False)
class _InlinedLowering(_PartLowering):
    _name = "novamodel_inlined_part"
    inlined = True


@register_pass(mutates_CFG=False, analysis_only=False)
class _WholeLowering(_Lowering):
    _name = "novamodel_whole"

    def run_pass(self, state: Any) -> bool:
        """Machine code."""
        _front_end(state)
        state.library = Whole(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        super().run_pass(state)
        NoPythonBackend().run_pass(state)
        return False


class _Compiler(CompilerBase):  # type: ignore[misc]
    lowering: Any

    def define_pipelines(self) -> list[PassManager]:
        """Of one pass."""
        manager = PassManager(self.lowering._name)
        manager.add_pass(self.lowering, self.lowering._name)
        manager.finalize()
        return [manager]


class RuleCompiler(_Compiler):
    """For what is inlined."""

    lowering = _InlinedLowering


class HandlerCompiler(_Compiler):
    """For what is called."""

    lowering = _PartLowering


class EntryCompiler(_Compiler):
    """For what CPython calls."""

    lowering = _WholeLowering

    def compile_extra(self, function: Any) -> Any:
        """Compile, without looking for garbage: there is none worth the time."""
        collects = gc.isenabled()
        gc.disable()
        try:
            with global_compiler_lock, _answers_kept(self.state.typingctx):
                return super().compile_extra(function)
        finally:
            if collects:
                gc.enable()


@contextmanager
def _answers_kept(context: Any) -> Iterator[None]:
    """A typing context that is asked the same again answers what it answered before.

    numba infers types until nothing changes, each time from the beginning, and looks through all templates of a
    function for each of its calls: of some 70,000 questions less than 3,000 differ. Answers hold as long as no template
    is added, so only while one entry is compiled.
    """
    if "resolve_function_type" in vars(context):  # of the entry that this one is compiled for
        yield
        return
    for name, key in _QUESTIONS.items():
        setattr(context, name, partial(_answer, getattr(context, name), key, {}))
    try:
        yield
    finally:
        for name in _QUESTIONS:
            delattr(context, name)


def _answer(ask: Callable[..., Any], key: Callable[..., Any], known: dict[Any, Any], *question: Any) -> Any:
    place = key(*question)
    found = known.get(place)
    if found is None:
        answer = ask(*question)
        if answer is None:
            return None
        found = known[place] = answer, question  # what is asked about lives on, so that its id stays its own
    return found[0]


_QUESTIONS: dict[str, Callable[..., Any]] = {
    "resolve_function_type": lambda function, types, named: (
        function, tuple(map(_by_kind, types)), tuple(named.items()) if named else (),
    ),
    "resolve_getattr": lambda kind, name: (kind, name),
    "resolve_setitem": lambda *kinds: kinds,
    "resolve_value_type": id,
}  # fmt: skip
"""What a typing context is asked, and when two questions are the same."""


def _by_kind(value: Any) -> Any:
    """A type, or the constant that stands in its place: 1, 1.0 and True are not the same."""
    return type(value), value
