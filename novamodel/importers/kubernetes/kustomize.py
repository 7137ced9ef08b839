"""Kustomizations: which overlay is taken, and the manifests that it makes of its bases and patches."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from novamodel.importers.kubernetes.patches import Manifest
from novamodel.importers.node import Node
from novamodel.importers.quantity import whole
from novamodel.importers.report import Draft
from novamodel.yamlfile import Lines

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_LEVELS = 10
MAX_OBJECTS = 5000
_PRODUCTION = re.compile(r"(^|[^a-z])(prod|prd|production|live)([^a-z]|$)", re.I)
_OTHER = re.compile(
    r"(^|[^a-z])(dev|development|test|staging|stage|stg|qa|uat|sandbox|preview|local|ci|example)s?([^a-z]|$)", re.I
)
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet", "Rollout")
Documents = Callable[[str], list[Node]]
"""The documents of a file by its path inside the folder; none where there is no such file."""


@dataclass
class _Kustomize:
    roots: dict[str, Node]
    documents: Documents
    draft: Draft
    used: set[str] = field(default_factory=set)
    left: int = MAX_OBJECTS


def apply(roots: dict[str, Node], manifests: list[Node], documents: Documents, draft: Draft) -> list[Node]:
    """The manifests of a folder with the taken overlay applied; files of other overlays are left out and named.

    ``roots``: kustomization files by their folder.
    """
    if not roots:
        return manifests
    work = _Kustomize(roots, documents, draft)
    tops = _tops(work)
    kept: list[tuple[str, set[str]]] = []
    made: list[Node] = []
    for top in sorted(tops, key=lambda one: (_rank(one), one)):
        below = _below(work, top, 0)
        twin = next((other for other, files in kept if files & below), None)
        if twin is None:
            kept.append((top, below))
            made += _build(work, top, 0)
        else:
            why = f"another environment of {twin or '.'}, which is taken"
            draft.leave(roots[top].file, 1, f"overlay {top or '.'}", why)
    taken = {folder for folder, _ in kept}
    over = {top for top in tops if top not in taken}
    files = set(work.used)
    for top in over:
        files |= {one.file for one in manifests if posixpath.dirname(one.file) == top or one.file.startswith(f"{top}/")}
        files |= _files(work, top)
    rest = [one for one in manifests if one.file not in files]
    return [*made, *rest]


def _rank(folder: str) -> int:
    return 0 if _PRODUCTION.search(folder) else 2 if _OTHER.search(folder) else 1


def _entries(kustomization: Node) -> list[str]:
    return [one.text for key in ("resources", "bases", "components") for one in kustomization[key] if one.text]


def _target(folder: str, entry: str) -> str:
    path = posixpath.normpath(posixpath.join(folder, entry))
    return "" if path == "." else path


def _tops(work: _Kustomize) -> list[str]:
    """Kustomizations that no other one names."""
    named = {_target(folder, entry) for folder, one in work.roots.items() for entry in _entries(one)}
    return [folder for folder in work.roots if folder not in named] or list(work.roots)


def _below(work: _Kustomize, folder: str, level: int) -> set[str]:
    """Folders and files that a kustomization is made of."""
    found: set[str] = set()
    for entry in _entries(work.roots[folder]) if level < MAX_LEVELS else []:
        target = _target(folder, entry)
        found.add(target)
        if target in work.roots and target != folder:
            found |= _below(work, target, level + 1)
    return found


def _files(work: _Kustomize, folder: str) -> set[str]:
    one = work.roots[folder]
    named = [*_entries(one), *(entry.text for entry in one["patchesStrategicMerge"]), *_paths(one)]
    return {_target(folder, entry) for entry in named if "\n" not in entry}


def _paths(one: Node) -> list[str]:
    return [patch["path"].text for key in ("patches", "patchesJson6902") for patch in one[key] if patch["path"].text]


def _build(work: _Kustomize, folder: str, level: int) -> list[Node]:
    """The objects of a kustomization."""
    one = work.roots[folder]
    made: list[Manifest] = []
    for entry in _entries(one) if level < MAX_LEVELS else []:
        target = _target(folder, entry)
        if target in work.roots and target != folder:
            made += [Manifest(node) for node in _build(work, target, level + 1)]
            continue
        found = work.documents(target)
        if not found:
            work.draft.leave(one.file, one["resources"].line, f"resource {entry[:80]}", "not in the folder")
        work.used.add(target)
        for document in found:
            listed = document["items"] if document["kind"].text.endswith("List") else [document]
            made += [Manifest(node) for node in listed if isinstance(node.value, dict)]
    work.left -= len(made)
    if work.left < 0:
        return []
    _patches(work, folder, one, made)
    _changes(one, made)
    made += _generated(work, folder, one)
    return [manifest.node for manifest in made if manifest.value]


def _patches(work: _Kustomize, folder: str, one: Node, made: list[Manifest]) -> None:
    for entry in one["patchesStrategicMerge"]:
        for patch in _patch_documents(work, folder, entry):
            _lay(patch, patch["kind"].text, patch.at("metadata", "name").text, made)
    for key in ("patches", "patchesJson6902"):
        for listed in one[key]:
            source = listed["path"] if listed["path"] else listed["patch"]
            for patch in _patch_documents(work, folder, source):
                kind = listed.at("target", "kind").text or patch["kind"].text
                name = listed.at("target", "name").text or patch.at("metadata", "name").text
                _lay(patch, kind, name if not re.search(r"[*|^$]", name) else "", made)


def _patch_documents(work: _Kustomize, folder: str, source: Node) -> list[Node]:
    """A patch by its file, or as it stands in the kustomization."""
    if "\n" in source.text or source.text.lstrip().startswith(("[", "{", "-")):
        return work.documents(f"{source.file}\n{source.line}\n{source.text}")
    target = _target(folder, source.text)
    work.used.add(target)
    return work.documents(target)


def _lay(patch: Node, kind: str, name: str, made: list[Manifest]) -> None:
    for manifest in made:
        if not manifest.is_meant(kind, name):
            continue
        if isinstance(patch.value, list):
            for operation in patch:
                manifest.change(operation)
        elif patch["$patch"].text == "delete":
            manifest.value = {}
        else:
            manifest.merge(patch)


def _changes(one: Node, made: list[Manifest]) -> None:
    """``replicas``, ``images`` and ``namespace``."""
    for entry in one["replicas"]:
        for manifest in made:
            if manifest.is_meant("", entry["name"].text) and manifest.node["kind"].text in _SCALED:
                manifest.put(("spec", "replicas"), whole(entry["count"].value), entry["count"])
    for entry in one["images"]:
        for manifest in made:
            boxes = manifest.node.at("spec", "template", "spec", "containers")
            for number, box in enumerate(boxes):
                bare, _, tag = box["image"].text.partition(":")
                if bare == entry["name"].text:
                    image = entry["newName"].text or bare
                    image += f":{entry['newTag'].text or tag}" if entry["newTag"].text or tag else ""
                    path = ("spec", "template", "spec", "containers", number, "image")
                    manifest.put(path, image, entry["newTag"] or entry["newName"] or entry["name"])
    space = one["namespace"]
    for manifest in made if space.text else []:
        if isinstance(manifest.value.get("metadata"), dict):
            manifest.put(("metadata", "namespace"), space.text, space)


def _generated(work: _Kustomize, folder: str, one: Node) -> list[Manifest]:
    """ConfigMaps that are generated of literals."""
    made = []
    for entry in one["configMapGenerator"]:
        data, lines = {}, Lines()
        for literal in entry["literals"]:
            key, _, value = literal.text.partition("=")
            data[key] = value
            lines[("data", key)] = literal.line
        if data:
            made_of = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": entry["name"].text}, "data": data}
            made.append(Manifest(Node(made_of, one.file, lines)))
    return made
