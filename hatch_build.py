"""Build hook: data, scenarios and notebooks travel in the wheel as `novamodel/_bundle/`.

An editable install gets none of it: there the folders are found at the checkout's top level.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("data", "params", "notebooks")
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


class BundleHook(BuildHookInterface):
    """Adds every file of `FOLDERS` to a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill `build_data["force_include"]` with source file -> place in the wheel."""
        if version == "editable":
            return
        root = Path(self.root)
        for folder in FOLDERS:
            found = [file for file in sorted((root / folder).rglob("*")) if file.is_file()]
            if not found:
                raise FileNotFoundError(f"{folder}/ is missing or empty: the wheel would not work without it")
            for file in found:
                place = file.relative_to(root)
                if LEFT_OUT.isdisjoint(place.parts):
                    build_data["force_include"][str(file)] = f"novamodel/_bundle/{place.as_posix()}"
