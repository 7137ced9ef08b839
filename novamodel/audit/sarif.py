"""An audit as SARIF 2.1.0 (OASIS, schema sarif-schema-2.1.0.json), as code scanning services take it."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from novamodel.audit.groups import Audit, Group
from novamodel.audit.kinds import COSTS, kind_of
from novamodel.scenario import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(audit: Audit, version: str) -> dict[str, Any]:
    """One run: a rule a kind, a result a finding, what was not checked as notifications. ``version``: the tool's."""
    codes = list(dict.fromkeys(group.code for group in audit.groups))
    results = [_result(one, codes.index(group.code)) for group in audit.groups for one in group.findings]
    notices = [
        {"level": "note", "message": {"text": f"not checked: {one.code}: {one.why}"}, **_locations(one.file, one.line)}
        for one in audit.not_checked
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "novamodel",
                        "version": version,
                        "semanticVersion": version,
                        "rules": [_rule(code, audit.groups) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notices}],
                "results": results,
            }
        ],
    }


def _rule(code: str, groups: tuple[Group, ...]) -> dict[str, Any]:
    kind = kind_of(code)
    first = next(group.findings[0] for group in groups if group.code == code)
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in code.split("-")),
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": f"{kind.title} ({COSTS[kind.cost].lower()})"},
        "help": {"text": f"What would be right, for example: {first['fix']}"},
        "defaultConfiguration": {"level": kind.level},
        "properties": {"tags": [kind.cost]},
    }


def _result(one: Finding, index: int) -> dict[str, Any]:
    text = f"{one['message']}. Right: {one['fix']}" if one["fix"] else one["message"]
    print_of = hashlib.sha256("\n".join((one["code"], one["file"] or "", one["message"])).encode()).hexdigest()
    return {
        "ruleId": one["code"],
        "ruleIndex": index,
        "level": one["level"],
        "message": {"text": text},
        "partialFingerprints": {"novamodel/v1": print_of[:32]},
        **_locations(one["file"], one["line"]),
    }


def _locations(file: str | None, line: int | None) -> dict[str, Any]:
    if not file:
        return {}
    place = {"artifactLocation": {"uri": quote(file)}, "region": {"startLine": max(line or 1, 1)}}
    return {"locations": [{"physicalLocation": place}]}
