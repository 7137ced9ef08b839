"""Which folders of Terraform are applied, which are modules of theirs, and which value files belong to them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from novamodel.importers.terraform.syntax import Block, Expression, Parsed

_PRODUCTION = re.compile(r"(^|[^a-z])(prod|prd|production|live)([^a-z]|$)")
_OTHER = re.compile(
    r"(^|[^a-z])(dev|develop|development|test|testing|stage|staging|stg|qa|uat|sandbox|preview|demo)([^a-z]|$)"
)
_EXAMPLES = re.compile(r"(^|/)(examples?|tests?|fixtures?|testdata|samples?)(/|$)")

_LOADED = ("terraform.tfvars", "terraform.tfvars.json")


@dataclass
class Tree:
    """The parsed files of a folder by the folder they stand in."""

    files: dict[str, Parsed] = field(default_factory=dict)
    folders: dict[str, list[Block]] = field(default_factory=dict)
    values: dict[str, dict[str, Expression]] = field(default_factory=dict)
    """Assignments of value files (.tfvars) by file."""
    terragrunt: dict[str, Block] = field(default_factory=dict)
    """Terragrunt's files by their folder."""

    @classmethod
    def of(cls, files: dict[str, Parsed]) -> Tree:
        """Sort parsed files by their folder."""
        tree = cls(files)
        for shown, parsed in files.items():
            if shown.endswith((".tfvars", ".tfvars.json")):
                tree.values[shown] = parsed.body.attributes
            elif posixpath.basename(shown) == "terragrunt.hcl":
                tree.terragrunt[posixpath.dirname(shown)] = parsed.body
            elif shown.endswith((".tf", ".tf.json")):
                tree.folders.setdefault(posixpath.dirname(shown), []).extend(parsed.blocks)
        return tree


def local_source(source: str, folder: str, known: Iterable[str]) -> str | None:
    """The folder that a module's source means, where it stands inside what was named; None else."""
    known = set(known)
    if source.startswith(("./", "../")) or source in (".", ".."):
        path = posixpath.normpath(posixpath.join(folder, source))
        path = "" if path == "." else path
        return path if path in known else None
    below = source.split("?")[0].rpartition("//")[2] if "//" in source.split("://")[-1] else ""
    return below if below and below in known else None  # a module of this same repository, by its address


def word(expression: Expression | None) -> str:
    """A plain quoted word; empty where it is anything else."""
    text = expression.text if expression is not None else ""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' and "${" not in text else ""


def roots(tree: Tree) -> tuple[list[str], list[tuple[str, str]]]:
    """(folders that are applied, (other folder, why it is not))."""
    called: dict[str, set[str]] = {}
    for folder, blocks in tree.folders.items():
        for block in blocks:
            if block.kind == "module":
                target = local_source(word(block.attributes.get("source")), folder, tree.folders)
                if target is not None:
                    called.setdefault(target, set()).add(folder)
    for _, target in units(tree)[0]:
        called.setdefault(target, set()).add("terragrunt.hcl")
    serious = {one for one in tree.folders if not _EXAMPLES.search(one) and _made(tree, one)}
    free = [
        folder
        for folder in tree.folders
        if folder in serious and not (called.get(folder, set()) & {*serious, "terragrunt.hcl"})
    ]
    uncalled = [folder for folder in free if not re.search(r"(^|/)modules?(/|$)", folder)]
    chosen = uncalled or free or ([] if tree.terragrunt else list(tree.folders))
    left = [(folder, "a module that no folder here calls") for folder in free if folder not in chosen]
    examples = [folder for folder in tree.folders if folder not in serious and folder not in chosen]
    left += [(folder, "an example or a test") for folder in examples if folder not in called]
    kept: list[str] = []
    for folder in sorted(chosen, key=lambda one: (rank(one), not _runs_services(tree, one, 0), one)):
        twin = next((other for other in kept if _may_be_twins(folder, other) and _alike(tree, folder, other)), None)
        if twin is None:
            kept.append(folder)
        else:
            left.append((folder, f"another environment of {twin or 'the top folder'}, which is taken"))
    return sorted(kept), left


def units(tree: Tree) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Terragrunt's (folder, folder of the module that it applies); of environments alike those of production."""
    found: list[tuple[str, str]] = []
    for folder, body in tree.terragrunt.items():
        for block in body.inner("terraform"):
            written = block.attributes.get("source")
            text = written.text[:3000] if written is not None else ""
            paths = [posixpath.join(folder, one) for one in re.findall(r"(?<![\w/])\.{1,2}/[\w./-]{1,200}", text)]
            paths += re.findall(r"(?:\}|[^:])/{1,2}([\w./-]{1,200})", text)  # after a repository or an interpolation
            target = next(
                (one for path in paths if (one := posixpath.normpath(path).lstrip("./")) in tree.folders), None
            )
            if target is not None:
                found.append((folder, target))
    kept: dict[tuple[str, str], str] = {}
    left = []
    for folder, target in sorted(found, key=lambda pair: (rank(pair[0]), pair[0])):
        key = (target, posixpath.basename(folder))
        if key in kept:
            left.append((folder, f"another environment of {kept[key]}, which is taken"))
        else:
            kept[key] = folder
    return [(folder, target) for (target, _), folder in kept.items()], left


def value_files(tree: Tree, folder: str, names: set[str]) -> tuple[list[str], list[str]]:
    """(value files of a folder in the order they count, those that are not taken)."""
    here = [file for file in tree.values if posixpath.dirname(file) == folder]
    loaded = sorted(f for f in here if ".auto.tfvars" in f or posixpath.basename(f) in _LOADED)
    loaded.sort(key=lambda file: ".auto.tfvars" in file)
    below = [
        file
        for file in tree.values
        if file not in loaded
        and (posixpath.dirname(file) == folder or _beside(posixpath.dirname(file), folder, tree))
        and names & set(tree.values[file])
    ]
    below.sort(key=lambda file: (rank(file), -len(posixpath.commonprefix([file, f"{folder}/"])), file))
    chosen = below[:1]
    return [*loaded, *chosen], below[1:]


def unit_values(tree: Tree, folder: str, names: set[str]) -> list[str]:
    """The value file of a Terragrunt unit: of those that stand above it and know its names, production's."""
    above = [
        file
        for file in tree.values
        if f"{folder}/".startswith(f"{posixpath.dirname(file)}/" if posixpath.dirname(file) else "")
        and names & set(tree.values[file])
    ]
    return sorted(above, key=lambda file: (rank(file), -file.count("/"), file))[:1]


def _beside(place: str, folder: str, tree: Tree) -> bool:
    """Whether value files stand in a folder without Terraform of its own: below (``env/prod``), or beside one above."""
    if place in tree.folders:
        return False
    inside = place.startswith(f"{folder}/") if folder else bool(place)
    if inside:
        return place.count("/") - folder.count("/") <= 3
    above = posixpath.dirname(place)
    return folder.startswith(f"{above}/" if above else "") and place.count("/") <= folder.count("/")


def rank(name: str) -> int:
    """Production first, then what says nothing, then other environments."""
    name = name.lower()
    production = max((match.start() for match in _PRODUCTION.finditer(name)), default=-1)
    other = max((match.start() for match in _OTHER.finditer(name)), default=-1)
    return 1 if production == other else 0 if production > other else 2


_VARIANT = re.compile(
    r"\d|blue|green|primary|secondary|\bdr\b|north|south|east|west|example|old|new|copy|global|backup"
)


def _may_be_twins(one: str, other: str) -> bool:
    """Whether two paths tell environments, regions or versions apart, and not parts of one system (``api/infra``)."""
    left, right = one.split("/"), other.split("/")
    if len(left) != len(right):
        return True
    differ = [pair for pair in zip(left, right, strict=True) if pair[0] != pair[1]]
    words = [word.lower() for pair in differ for word in pair]
    return any(rank(word) != 1 or _VARIANT.search(word) for word in words)


def _alike(tree: Tree, one: str, other: str) -> bool:
    """Whether two applied folders make mostly the same things: environments of one system."""
    left, right = _made(tree, one), _made(tree, other)
    if not left or not right:
        return False
    return len(left & right) / min(len(left), len(right)) >= 0.6


def _runs_services(tree: Tree, folder: str, level: int) -> bool:
    """Whether a folder, or a module of it, makes ECS services or an EKS cluster."""
    for block in tree.folders[folder]:
        if block.kind == "resource" and block.labels[:1] in (("aws_ecs_service",), ("aws_eks_cluster",)):
            return True
        if block.kind == "module":
            source = word(block.attributes.get("source"))
            target = local_source(source, folder, tree.folders)
            if re.search(r"/(terraform-aws-)?(eks|ecs)\b", source) or (
                target is not None and target != folder and level < 6 and _runs_services(tree, target, level + 1)
            ):
                return True
    return False


def _made(tree: Tree, folder: str) -> set[tuple[str, ...]]:
    made: set[tuple[str, ...]] = set()
    for block in tree.folders[folder]:
        if block.kind == "resource" and len(block.labels) == 2:
            made.add(block.labels)
        elif block.kind == "module" and block.labels:
            source = word(block.attributes.get("source"))
            target = local_source(source, folder, tree.folders)
            made.add(("module", target if target is not None else source.split("?")[0], block.labels[0]))
    return made
