"""Real configuration files to a scenario: what they say, with file and line."""

from novamodel.importers.assemble import import_folder
from novamodel.importers.assumed import with_assumptions
from novamodel.importers.imported import ImportReport
from novamodel.importers.rendering import folder_of
from novamodel.importers.written import to_yaml, write_yaml

__all__ = ["ImportReport", "folder_of", "import_folder", "to_yaml", "with_assumptions", "write_yaml"]
