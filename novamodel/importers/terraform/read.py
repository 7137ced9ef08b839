"""A folder's Terraform: every applied folder with its modules, variables and value files, as declared resources."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novamodel.errors import UserError
from novamodel.importers.declared import Resource
from novamodel.importers.report import Draft
from novamodel.importers.terraform.expand import build, regions_given, resources, safe_value
from novamodel.importers.terraform.folders import Tree, local_source, roots, unit_values, units, value_files
from novamodel.importers.terraform.jsonform import as_native
from novamodel.importers.terraform.modules import MAX_INSTANCES, Folder, Module
from novamodel.importers.terraform.syntax import Block, Expression, parse, read_file
from novamodel.importers.terraform.values import TooMuch, Unknown

MAX_MODULES = 300
MAX_LEVELS = 12


@dataclass
class Terraform:
    """What the Terraform files of a folder declare."""

    resources: list[Resource] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    left: list[tuple[str, int | None, str, str]] = field(default_factory=list)

    def of(self, *types: str) -> list[Resource]:
        """Declared resources of some types."""
        return [one for one in self.resources if one.type in types]


def read_terraform(paths: list[tuple[Path, str]], inside: Callable[[str], str | None]) -> Terraform:
    """Read Terraform files (path, path as shown). ``inside`` gives the text of a file of the folder, or None.

    A file that is broken is listed; what can be read of it is kept.
    """
    result = Terraform()
    parsed = {}
    for path, shown in paths:
        try:
            json = path.name.endswith(".json")
            parsed[shown] = parse(as_native(path), shown) if json else read_file(path, shown)
        except UserError as problem:
            result.left.append((shown, None, "Terraform file", problem.message))
            continue
        if parsed[shown].broken_at is not None:
            why = "not valid Terraform here: the rest of the file is read"
            result.left.append((shown, parsed[shown].broken_at, "Terraform file", why))
    tree = Tree.of(parsed)
    applied, others = roots(tree)
    folder = Folder(inside)
    _workspace(tree, folder, result)
    made = {
        root: {(block.kind, *block.labels) for block in tree.folders[root] if block.kind in ("resource", "module")}
        for root in applied
    }
    often = Counter(label for labels in made.values() for label in labels)
    for root in applied:
        again = any(often[label] > 1 for label in made[root])
        _root(root, tree, folder, result, f"{root}." if root and again else "")
    chosen, left = units(tree)
    for place, target in chosen:
        _unit(place, target, tree, folder, result)
    for place, why in left:
        result.left.append((f"{place}/terragrunt.hcl".lstrip("/"), 1, "Terragrunt unit", why))
    for other, why in others:
        first = tree.folders[other][0] if tree.folders[other] else None
        if first is not None:
            result.left.append((first.file, first.line, f"Terraform folder {other or '.'}", why))
    return result


def _root(root: str, tree: Tree, folder: Folder, result: Terraform, prefix: str) -> None:
    """One applied folder; ``prefix`` tells its resources from those of others that are called alike."""
    blocks = tree.folders[root]
    names = {block.labels[0] for block in blocks if block.kind == "variable" and block.labels}
    taken, others = value_files(tree, root, names)
    inputs: dict[str, Any] = {}
    module = Module(folder, root, blocks, inputs, prefix, root)
    for file in taken:
        for name, expression in tree.values[file].items():
            inputs[name] = safe_value(module.evaluator, expression)
    for file in others:
        result.left.append((file, 1, "Terraform values", f"another environment: {taken[-1]} is taken"))
    _provider(module, folder, result)
    _expand(module, tree, result, 0)


def _workspace(tree: Tree, folder: Folder, result: Terraform) -> None:
    """Where files ask for the workspace, that of production if they speak of one; the others are named."""
    uses = next((expression for expression in _expressions(tree) if "terraform.workspace" in expression.text), None)
    if uses is None:
        return
    sources = {expression.file: expression.source for expression in _expressions(tree)}
    named: set[str] = set()
    for source in sources.values():
        for match in _ENVIRONMENT.finditer(source.decode("utf-8", "replace")):
            named.add(match[1] or match[2] or match[3])
    chosen = next((one for one in ("production", "prod", "prd", "live") if one in named), None)
    others = ", ".join(sorted(named - {chosen})) or "default"
    if chosen is not None:
        folder.workspace = chosen
        what = f"terraform.workspace: {chosen} is taken"
        result.left.append((uses.file, uses.line, what, f"the files speak of others: {others}"[:160]))
    else:
        result.left.append(
            (uses.file, uses.line, "terraform.workspace", "default is taken: no file names production's")
        )


_ENVIRONMENTS = (
    "production|preproduction|prod|prd|live|staging|stage|stg|development|dev|test|testing|qa|uat|integration|intg"
)
_ENVIRONMENT = re.compile(
    rf'==\s{{0,5}}"({_ENVIRONMENTS})"|"({_ENVIRONMENTS})"\s{{0,5}}=='
    rf'|(?:^|[{{,])[ \t]{{0,40}}"?({_ENVIRONMENTS})"?[ \t]{{0,20}}[=:][ \t]{{0,20}}[{{"\d]',
    re.M,
)


def _expressions(tree: Tree) -> Iterator[Expression]:
    for parsed in tree.files.values():
        yield from parsed.body.expressions()
        for block in parsed.blocks:
            yield from block.expressions()


def _unit(place: str, target: str, tree: Tree, folder: Folder, result: Terraform) -> None:
    """A module that Terragrunt applies, with the inputs that stand in its file."""
    body = tree.terragrunt[place]
    inputs: dict[str, Any] = {}
    names = {block.labels[0] for block in tree.folders[target] if block.kind == "variable" and block.labels}
    for file in unit_values(tree, place, names):
        empty = Module(folder, place, [], {}, "", place)
        inputs |= {key: safe_value(empty.evaluator, value) for key, value in tree.values[file].items() if key in names}
    above = [one for one in sorted(tree.terragrunt) if f"{place}/".startswith(f"{one}/" if one else "")]
    for one in above if body.inner("include") else [place]:
        part = tree.terragrunt[one]
        here = Module(folder, one, part.blocks, {}, "", one)
        given = safe_value(here.evaluator, part.attributes["inputs"]) if "inputs" in part.attributes else {}
        inputs |= (
            {key: value for key, value in given.items() if key not in inputs or not isinstance(value, Unknown)}
            if isinstance(given, dict)
            else {}
        )
    prefix = f"{place}." if place else ""
    _expand(Module(folder, target, tree.folders[target], inputs, prefix, target), tree, result, 0)


def _provider(module: Module, folder: Folder, result: Terraform) -> None:
    for block in module.blocks:
        if block.kind == "provider" and block.labels and "alias" not in block.attributes:
            made = build(module, block, {}, "provider", block.labels[0], f"provider.{block.labels[0]}")
            region = made.get("region")
            if block.labels[0] == "aws" and isinstance(region, str):
                folder.region = region
            if region is not None:
                result.resources.append(made)


def _expand(module: Module, tree: Tree, result: Terraform, level: int) -> None:
    if len(result.modules) >= MAX_MODULES or level > MAX_LEVELS:
        return
    result.modules.append(module)
    result.blocks += module.blocks
    calls = [block for block in module.blocks if block.kind == "module" and block.labels]
    children: list[Module] = []
    for block in calls:
        source = _source(module, block)
        target = local_source(source, module.path, tree.folders) if isinstance(source, str) else None
        for key, own in _calls(module, block, result):
            if target is None:
                _remote(module, block, own, key, result)
                continue
            child = _child(module, block, own, key, target, tree)
            module.children.setdefault(block.labels[0], []).append((key, child))
            children.append(child)
    result.resources += resources(module)
    for child in children:
        _expand(child, tree, result, level + 1)


def _source(module: Module, block: Block) -> Any:
    written = block.attributes.get("source")
    return safe_value(module.evaluator, written) if written is not None else None


def _calls(module: Module, block: Block, result: Terraform) -> Iterator[tuple[Any, dict[str, Any]]]:
    found: Any
    try:
        found = module.instances(block)
    except (TooMuch, RecursionError):
        found = Unknown("count", (), "too much work")
    if isinstance(found, Unknown):
        key = "count" if "count" in block.attributes else "for_each"
        expression = block.attributes[key]
        what = f"module {block.labels[0]}: {key} = {expression.text[:60]}"
        result.left.append((expression.file, expression.line, what, f"not resolved: {found.reason}; one is taken"))
        found = [(None, {"each": {"key": found, "value": found}, "count": {"index": 0}})]
    yield from found[:MAX_INSTANCES]


def _child(module: Module, block: Block, own: dict[str, Any], key: Any, target: str, tree: Tree) -> Module:
    place = module.evaluator.having(**own)

    def later(expression: Expression) -> Callable[[], Any]:
        return lambda: safe_value(place, expression)

    inputs = {name: later(expression) for name, expression in block.attributes.items()}
    shown = "" if key is None else f"[{key}]"
    prefix = f"{module.prefix}module.{block.labels[0]}{shown}."
    given = regions_given(module, block)
    return Module(module.folder, target, tree.folders[target], inputs, prefix, module.root, given)


def _remote(module: Module, block: Block, own: dict[str, Any], key: Any, result: Terraform) -> None:
    """A module that is not in the folder: what it is given is all that is known."""
    name = f"{module.prefix}{block.labels[0]}" + ("" if key is None else f"[{key}]")
    made = build(module, block, own, "module", name, f"{module.prefix}module.{block.labels[0]}")
    source = _source(module, block)
    written = block.attributes.get("source")
    made.body.value["source"] = source if isinstance(source, str) else written.text if written else "?"
    made.body.lines[("source",)] = written.line if written else block.line
    result.resources.append(made)


def say_left(terraform: Terraform, draft: Draft) -> None:
    """List what was not read and why."""
    for file, line, what, why in terraform.left:
        draft.leave(file, line, what, why)


def folder_of(path: str) -> str:
    """The folder that a shown path stands in."""
    return posixpath.dirname(path)
