"""`--set PATH=VALUE`: what the user wants to be different."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from novamodel.changes import changes_from
from novamodel.errors import UserError

if TYPE_CHECKING:
    from novamodel.scenario import Scenario


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
    declared: bool = False,
    files: Sequence[str] = (),
    profiles: Sequence[str] = (),
) -> Scenario:
    """The scenario that `target` names with its changes; `seed` and `replications` win over ``--set run.…``.

    Files that hold no service have no answer, unless ``demo`` asks for that of the assumed one, or ``declared`` says
    that resources of AWS are enough. ``strict`` refuses a service or a load that nobody states. ``files`` and
    ``profiles`` choose the compose project of a folder.
    """
    from novamodel.cli.output import note
    from novamodel.cost import regions
    from novamodel.loading import load as load_target
    from novamodel.scenario import only_declared, overruled

    changes = changes_from(sets)
    own = {"run.seed": seed, "run.replications": replications}
    changes |= {path: value for path, value in own.items() if value is not None}
    if not target.strip():
        raise UserError("TARGET is empty", valid="a scenario file, a bundled scenario's name, or a folder")
    chosen: dict[str, Any] = {"files": files, "profiles": profiles} if files or profiles else {}
    scenario = load_target(target, **chosen)
    scenario = scenario.override(changes) if changes else scenario
    for text in overruled(scenario, changes):
        note(f"warning: {text}")
    if "pricing.region" in changes and scenario.pricing.region not in regions():
        raise UserError(f"no price book for region {scenario.pricing.region!r}", path="pricing.region", valid=regions())
    if demo or not (declared and only_declared(scenario)):
        must_rest_on_something(scenario, target, strict=strict, demo=demo)
    return scenario


def must_rest_on_something(scenario: Scenario, target: str, *, strict: bool = False, demo: bool = False) -> None:
    """Refuse an assumed service, unless it is asked for as a demo; ``strict``: an assumed load as well."""
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
