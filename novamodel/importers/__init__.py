"""Real configuration files to a scenario: what they say, with file and line, and what they get wrong."""

from novamodel.importers.assemble import import_folder, importer
from novamodel.importers.assumed import scenario_from_folder, tree_from_folder, with_assumptions
from novamodel.importers.rendering import folder_of
from novamodel.importers.report import ImportReport
from novamodel.importers.written import to_yaml, write_yaml

__all__ = [
    "ImportReport",
    "folder_of",
    "import_folder",
    "importer",
    "scenario_from_folder",
    "to_yaml",
    "tree_from_folder",
    "with_assumptions",
    "write_yaml",
]
