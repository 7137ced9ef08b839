"""Where the facts that travel with the code are: data files, scenarios and notebooks.

In a checkout they stand at the top level (`data/`, `params/`, `notebooks/`); in an installed wheel they
are bundled inside the package. Both are found from the package itself, never from the current directory.
"""

from importlib.resources import files
from pathlib import Path

_BUNDLE = "_bundle"


def _folder(name: str) -> Path:
    package = Path(str(files("novamodel")))
    bundled = package / _BUNDLE / name
    return bundled if bundled.is_dir() else package.parent / name


def data_dir() -> Path:
    """Folder of NovaBank's configuration files, price books and recorded cases."""
    return _folder("data")


def params_dir() -> Path:
    """Folder of the scenarios (YAML) that come with novamodel."""
    return _folder("params")


def notebooks_dir() -> Path:
    """Folder of the notebooks that come with novamodel."""
    return _folder("notebooks")
