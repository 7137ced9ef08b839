"""How rules and entries are compiled: each rule once, and all that an entry calls optimised once, together.

numba optimises every function on its own, with all that it calls, and makes machine code of each: work that grows
with the depth of calls. Here a rule or a handler ends as LLVM code that is not optimised (`Part`); an entry links all
that it calls, directly or not, and LLVM works on that once (`Whole`). What is linked is private to the entry, so
whatever is inlined everywhere leaves no copy behind. A `pipeline_class` is numba's way to have passes of one's own;
of the usual ones those remain that our functions need (no closures, generators, exceptions or `with`).
"""

from __future__ import annotations

import gc
from typing import Any

from numba._dynfunc import make_function
from numba.core.cgutils import alloca_once
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.ir_utils import build_definitions
from numba.core.lowering import Lower
from numba.core.ssa import reconstruct_ssa
from numba.core.transforms import canonicalize_cfg
from numba.core.typed_passes import NativeLowering, NoPythonBackend, NopythonTypeInference, PreLowerStripPhis
from numba.core.untyped_passes import FixupArgs, TranslateByteCode

FEW_PASSES, MOST_PASSES = 1, 3
"""LLVM's levels of optimisation. The first takes a third of the time for code without loops that is 2 % slower."""


class Part(JITCodeLibrary):  # type: ignore[misc]
    """LLVM code of one function; tidied up, neither optimised nor run by itself."""

    def add_llvm_module(self, module: Any) -> None:
        """Take the function's module as it is; numba would copy it into one more."""
        self._optimize_functions(module)
        for function in module.functions:
            if not function.is_declaration and function.linkage.name == "external":
                function.linkage = "linkonce_odr"  # several entries may link it
        self._final_module = self._shared_module = module

    def finalize(self) -> None:
        """Nothing to do: whoever links it does the work."""
        self._finalized = True


class Whole(JITCodeLibrary):  # type: ignore[misc]
    """LLVM code of an entry and of all that it calls."""

    level = MOST_PASSES
    _linking_libraries: list[Any]

    def finalize(self) -> None:
        """Link the parts, those who call before those who are called: a part that nobody wants yet is left out."""
        self._linking_libraries = _callers_first(self._linking_libraries)
        super().finalize()

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage.name == "linkonce_odr":
                function.linkage = "internal"
        made = self._codegen._module_pass_manager(opt=self.level)
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
    level = MOST_PASSES

    def run_pass(self, state: Any) -> bool:
        """Machine code."""
        _front_end(state)
        state.library = Whole(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.level = self.level
        state.library.enable_object_caching()
        super().run_pass(state)
        NoPythonBackend().run_pass(state)
        return False


@register_pass(mutates_CFG=False, analysis_only=False)
class _LargeLowering(_WholeLowering):
    _name = "novamodel_large"
    level = FEW_PASSES


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
            return super().compile_extra(function)
        finally:
            if collects:
                gc.enable()


class LargeEntryCompiler(EntryCompiler):
    """For an entry that calls hundreds of handlers."""

    lowering = _LargeLowering
