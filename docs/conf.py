"""How the documentation is built (`make docs`): offline, from the pages here and what `tools.site` makes of data."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import novamodel  # noqa: E402

project = "novamodel"
author = "The novamodel authors"
project_copyright = author
release = version = novamodel.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "tools.site"]
exclude_patterns = ["tutorial/*/**"]
suppress_warnings = ["config.cache"]

# The notebooks are committed executed; nothing is run here, and no script comes from elsewhere.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
default_role = "code"

html_theme = "furo"
html_title = f"novamodel {release}"
html_static_path = ["_static"]
html_css_files = ["novamodel.css"]
html_copy_source = False
html_show_sphinx = False
