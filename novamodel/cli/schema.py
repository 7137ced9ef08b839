"""`novamodel schema`: the JSON Schema of a scenario file, for editors."""

from __future__ import annotations

from typing import Any

SHORT_FORMS = {
    "Precision": ("how sure an estimate has to be", ["p99 < 5 %", "mean(login) < 2 %"]),
    "Demand": ("one value for a demand", ["139 us idle 305 us lognormal 0.5", "40 ms"]),
    "Burst": ("one value for a demand", ["139 us idle 305 us lognormal 0.5", "40 ms"]),
    "Call": ("what is called, alone", ["stock.level", "payments"]),
    "RolloutOf": ("the service alone", ["core-api"]),
    "LostReplica": ("the service alone", ["core-api"]),
    "Slo": ("one objective", ["p99 < 300 ms", "errors < 0.1 %", "rejected(customers) < 0.01 %"]),
}
"""Parts that may be written as one text."""
FILE_KEYS = {
    "extends": {
        "type": "string",
        "description": "scenario file that this one changes; only differences are written, {} empties a mapping; "
        "a mix, populations and sessions are restated whole",
    },
    "imported": {"type": "string", "description": "folder of configuration files, beside this file"},
    "sources": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "path to a sentence that says where a value comes from, such as 'measured: load test of May'",
    },
    "findings": {
        "type": "array",
        "items": {"type": "object", "required": ["level", "code", "file", "line", "message", "fix"]},
        "description": "what is inconsistent in the files that were imported, as import writes it",
    },
    "not_modelled": {
        "type": "array",
        "items": {"type": "object", "required": ["file", "line", "what", "why"]},
        "description": "what the import saw and has no model for, as import writes it",
    },
}
"""Keys of a scenario file that are no value of the scenario."""
SAMPLES_FILE = {
    "type": "string",
    "description": "file of samples beside this one: one a line, such as '3.1 ms', or seconds; # begins a comment",
}
MEANS = ("busy", "mixture", "samples", "file")
"""What says the mean of a demand; one of them is needed."""


def schema() -> None:
    """Print the JSON Schema of a scenario file: keys, units, defaults with their source, bounds.

    \b
    Examples:
      novamodel schema > scenario.schema.json
      # then, as first line of mine.yaml, for completion in an editor with the YAML language server:
      # yaml-language-server: $schema=scenario.schema.json
    """
    import json

    from novamodel.cli.output import say

    say(json.dumps(file_schema(), indent=2))


def file_schema() -> dict[str, Any]:
    """The scenario's schema as a file is written: with short forms, and with a base that fills what is left out."""
    from novamodel.scenario import Scenario

    whole = Scenario.model_json_schema()
    for part, means in (("Demand", MEANS), ("Burst", (*MEANS, "curve"))):
        demand = whole["$defs"][part]
        demand["properties"]["file"] = SAMPLES_FILE
        del demand["required"]
        demand["anyOf"] = [{"required": [key]} for key in means]
    for name, (sentence, examples) in SHORT_FORMS.items():
        text = {"type": "string", "description": sentence, "examples": examples}
        whole["$defs"][name] = {"anyOf": [text, whole["$defs"][name]]}
    whole["properties"] |= FILE_KEYS
    needed = whole.pop("required")
    whole["anyOf"] = [{"required": needed}, {"required": ["extends"]}, {"required": ["imported"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}
