"""`--set PATH=VALUE`: what the user wants to be different."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from novamodel.errors import UserError

if TYPE_CHECKING:
    from novamodel.scenario import Scenario

MOST_CHARACTERS = 10_000
FORM = "--set PATH=VALUE, such as --set services.core-api.replicas=5"


def changes_from(sets: Iterable[str] | None) -> dict[str, Any]:
    """Path to value of each ``PATH=VALUE``; the value is read as YAML. The last of two for one path holds."""
    return dict(_change(text) for text in sets or ())


class Assumed(UserError):
    """With --strict: the service itself or its load is assumed."""

    exit_code = 3


def load(
    target: str,
    sets: Iterable[str] | None = None,
    seed: int | None = None,
    replications: int | None = None,
    *,
    strict: bool = False,
    demo: bool = False,
) -> Scenario:
    """The scenario that `target` names with its changes; `seed` and `replications` win over ``--set run.…``.

    Files that hold no service have no answer, unless ``demo`` asks for that of the assumed one. ``strict`` refuses a
    service or a load that nobody states.
    """
    from novamodel.cost import regions
    from novamodel.loading import load as load_target

    changes = changes_from(sets)
    own = {"run.seed": seed, "run.replications": replications}
    changes |= {path: value for path, value in own.items() if value is not None}
    if not target.strip():
        raise UserError("TARGET is empty", valid="a scenario file, a bundled scenario's name, or a folder")
    scenario = load_target(target)
    scenario = scenario.override(changes) if changes else scenario
    if "pricing.region" in changes and scenario.pricing.region not in regions():
        raise UserError(f"no price book for region {scenario.pricing.region!r}", path="pricing.region", valid=regions())
    _must_rest_on_something(scenario, target, strict, demo)
    return scenario


def _must_rest_on_something(scenario: Scenario, target: str, strict: bool, demo: bool) -> None:
    from novamodel.scenario import rests_on

    rests = rests_on(scenario)
    if strict and (rests.service_assumed or rests.load_assumed):
        what = [one for one in rests.moving if one.what in ("service", "load")]
        texts = ", ".join(one.text for one in what)
        valid = "files that deploy a service" if rests.service_assumed else "--set 'traffic.peak=... requests/s'"
        raise Assumed(f"--strict: assumed, stated by nobody: {texts}", valid=valid)
    if rests.service_assumed and not demo:
        message = f"{target}: no service was found, so there is no answer"
        valid = "files that deploy one (a Deployment, a task definition, a compose file), or --demo for an assumed one"
        raise UserError(message, valid=valid)


def _change(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise UserError(f"--set {text!r} is not PATH=VALUE", valid=FORM)
    if not value.strip():
        raise UserError(f"--set {path} has no value", valid="a value; null takes an optional part away")
    return path, _value(path, value)


def _value(path: str, text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if len(text) > MOST_CHARACTERS:
        raise UserError(f"--set {path}: the value is longer than {MOST_CHARACTERS} characters")
    try:
        return _plain(YAML(typ="safe", pure=True).load(text), path)
    except (YAMLError, ValueError, TypeError, RecursionError) as problem:
        reason = str(getattr(problem, "problem", None) or problem).strip().split("\n")[0]
        raise UserError(f"--set {path}: {text!r} is not valid YAML: {reason}") from None


def _plain(value: Any, path: str, depth: int = 0) -> Any:
    """Only what a scenario file may hold; an alias is refused, so that nothing grows or bites its tail."""
    if depth > 30:
        raise UserError(f"--set {path}: nested deeper than 30 levels")
    if isinstance(value, dict):
        return {str(key): _plain(inner, path, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, path, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise UserError(f"--set {path}: {value!r} is not plain YAML", valid="a number, a text, a list or a mapping")
