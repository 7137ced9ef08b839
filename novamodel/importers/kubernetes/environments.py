"""Folders that deploy the same services twice are environments: one is taken, the others are named."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from novamodel.importers.names import is_infrastructure
from novamodel.importers.node import Node
from novamodel.importers.report import Draft

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "DeploymentConfig")
_PRODUCTION = re.compile(r"(^|[^a-z])(prod|prd|production|live)([^a-z]|$)", re.I)
_AWS = re.compile(r"(^|[^a-z])(aws|eks|base|bases)([^a-z]|$)", re.I)
_SIDE = re.compile(
    r"(^|[^a-z])(dev|development|test|staging|stage|stg|qa|uat|sandbox|preview|local|ci|examples?|minikube|kind|k3s|k3d|"
    r"microk8s|docker-desktop|demo|samples?|tutorials?|hack|e2e|conformance|old|legacy|deprecated|archive)s?([^a-z]|$)",
    re.I,
)
MOST_ROUNDS = 50


def one_environment(manifests: list[Node], draft: Draft) -> list[Node]:
    """The manifests without those of folders that deploy mostly the same as another one.

    Two folders beside each other are twins where at least half of what the smaller deploys of its own stands in the
    other too.
    """
    for _ in range(MOST_ROUNDS):
        pair = _twins(manifests)
        if pair is None:
            break
        kept, left = pair
        first = next(one.file for one in manifests if _below(one.file, left))
        draft.leave(first, 1, f"manifests of {left}", f"another environment of {kept}, which is taken")
        manifests = [one for one in manifests if not _below(one.file, left)]
    return manifests


def _twins(manifests: Sequence[Node]) -> tuple[str, str] | None:
    """(folder that is taken, folder that is left) of the first two that are twins."""
    deployed: dict[str, set[str]] = {}
    for node in manifests:
        name = node.at("metadata", "name").text
        box = node.at("spec", "template", "spec", "containers", 0)
        if node["kind"].text in _KINDS and name and not is_infrastructure(box["image"].text):
            deployed.setdefault(str(PurePosixPath(node.file).parent), set()).add(name)
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for one, other in itertools.combinations(sorted(deployed), 2):
        roots = _roots(one, other) if deployed[one] & deployed[other] else None
        if roots is not None:
            ranks = found.get(roots, (9, 9))
            found[roots] = (min(ranks[0], _rank(one)), min(ranks[1], _rank(other)))
    for roots, ranks in found.items():
        sets = [{name for folder, names in deployed.items() if _below(f"{folder}/x", top) for name in names}
                for top in roots]  # fmt: skip
        if 2 * len(sets[0] & sets[1]) >= min(len(names) for names in sets):
            order = sorted((0, 1), key=lambda at: (ranks[at], -len(sets[at]), roots[at]))
            return roots[order[0]], roots[order[1]]
    return None


def _roots(one: str, other: str) -> tuple[str, str] | None:
    """The folders beside each other that two folders lie in; None where one lies in the other."""
    left, right = PurePosixPath(one).parts, PurePosixPath(other).parts
    same = len(list(itertools.takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False))))
    if same in (len(left), len(right)):
        return None
    return "/".join(left[: same + 1]), "/".join(right[: same + 1])


def _below(file: str, folder: str) -> bool:
    return file.startswith(f"{folder}/")


def _rank(folder: str) -> int:
    if _PRODUCTION.search(folder):
        return 0
    return 3 if _SIDE.search(folder) else 1 if _AWS.search(folder) else 2
