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
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import FixupArgs, IRProcessing, ReconstructSSA, TranslateByteCode


class Part(JITCodeLibrary):  # type: ignore[misc]
    """LLVM code of one function; neither optimised nor run by itself."""

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
        made = self._codegen._module_pass_manager()
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


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):  # type: ignore[misc]
    _name = "novamodel_part_lowering"
    inlined = False

    def run_pass(self, state: Any) -> bool:
        """LLVM code, and a handle that stands for the function; the handle cannot be called."""
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
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _InlinedLowering(_PartLowering):
    _name = "novamodel_inlined_lowering"
    inlined = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _WholeLowering(NativeLowering):  # type: ignore[misc]
    _name = "novamodel_whole_lowering"

    def run_pass(self, state: Any) -> bool:
        """Machine code."""
        state.library = Whole(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


class _Compiler(CompilerBase):  # type: ignore[misc]
    lowering: Any

    def define_pipelines(self) -> list[PassManager]:
        """From byte code to LLVM."""
        manager = PassManager(self.lowering._name)
        for one in (
            TranslateByteCode,
            FixupArgs,
            IRProcessing,
            ReconstructSSA,
            NopythonTypeInference,
            PreLowerStripPhis,
            IRLegalization,
            self.lowering,
            NoPythonBackend,
        ):
            manager.add_pass(one, one._name)
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
