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
_AWS = re.compile(r"(^|[^a-z])(aws|eks)([^a-z]|$)", re.I)
_SIDE = re.compile(
    r"(^|[^a-z])(dev|development|test|staging|stage|stg|qa|uat|sandbox|preview|local|ci|examples?|minikube|kind|k3s|k3d|"
    r"microk8s|docker-desktop|demo|samples?|tutorials?|hack|e2e|conformance|old|legacy|deprecated|archive|extra|optional)s?([^a-z]|$)",
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
    """(folder that is taken, folder that is left) of the first two that are twins.

    One of production goes before others, those of tests and examples behind them; then the one that deploys most, its
    databases counted too; then the one for AWS.
    """
    own: dict[str, set[str]] = {}
    whole: dict[str, set[str]] = {}
    for node in manifests:
        name = node.at("metadata", "name").text
        box = node.at("spec", "template", "spec", "containers", 0)
        if node["kind"].text in _KINDS and name:
            folder = str(PurePosixPath(node.file).parent)
            whole.setdefault(folder, set()).add(name)
            if not is_infrastructure(box["image"].text):
                own.setdefault(folder, set()).add(name)
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for one, other in itertools.combinations(sorted(own), 2):
        roots = _roots(one, other) if own[one] & own[other] else None
        if roots is not None:
            ranks = found.get(roots, (9, 9))
            found[roots] = (min(ranks[0], _rank(one)), min(ranks[1], _rank(other)))
    for roots, ranks in found.items():
        sets = [_all(own, top) for top in roots]
        if 2 * len(sets[0] & sets[1]) >= min(len(names) for names in sets):
            sizes = [len(_all(whole, top)) for top in roots]
            order = sorted((0, 1), key=lambda at: (ranks[at], -sizes[at], not _AWS.search(roots[at]), roots[at]))
            return roots[order[0]], roots[order[1]]
    return None


def _all(deployed: dict[str, set[str]], top: str) -> set[str]:
    """What the folders below one deploy together."""
    return {name for folder, names in deployed.items() if _below(f"{folder}/x", top) for name in names}


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
    return 2 if _SIDE.search(folder) else 1
