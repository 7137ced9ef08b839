"""When AWS charges for extended support: by version and date (`data/aws/support.json`, with its sources)."""

import json
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from novamodel.resources import data_dir


class Support(NamedTuple):
    """Whether a version is past its standard support at a date; `year` of extended support (0: standard).

    `known` is false where no dates of the version are on record: then it is taken for supported, and a bill says so.
    """

    year: int
    known: bool = True

    @property
    def extended(self) -> bool:
        """Whether extended support is charged."""
        return self.year > 0


@cache
def _facts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((data_dir() / "aws" / "support.json").read_text(encoding="utf-8"))
    return found


def eks_support(version: str | None, on: date) -> Support:
    """Support of a Kubernetes version on EKS; what is past its extended support is upgraded and stays extended."""
    if version is None:
        return Support(0)
    dates = _facts()["eks"].get(".".join(version.split(".")[:2]))
    if dates is None:
        return Support(0, known=False)
    return Support(int(on > date.fromisoformat(dates["standard_until"])))


def rds_support(engine: str, version: str | None, on: date) -> Support:
    """Support of a major version of an RDS or Aurora engine; engines without paid extended support are year 0."""
    versions = _facts()["rds"].get(engine)
    if versions is None or version is None:
        return Support(0)
    dates = versions.get(_major(engine, version))
    if dates is None:
        return Support(0, known=False)
    if on < date.fromisoformat(dates["charged_from"]):
        return Support(0)
    if on >= date.fromisoformat(dates["third_year_from"]):
        return Support(3)
    return Support(1 if (on - date.fromisoformat(dates["charged_from"])).days < 365 else 2)


def _major(engine: str, version: str) -> str:
    """Major version: 16 of 16.4; 5.7 of 5.7.44, and of Aurora's 5.7.mysql_aurora.2.11."""
    parts = version.split(".")
    return parts[0] if "postgres" in engine else ".".join(parts[:2])
