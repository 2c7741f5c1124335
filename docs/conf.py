"""
The documentation site: ``python -m sphinx -W --keep-going -q -b html docs docs/_build/html``.

Pages with cells run on every build, against the checkout this file lies in. Nothing is loaded from a network.
"""

import os
import sys
from pathlib import Path

SRC = str(Path(__file__).resolve().parents[1] / "src")
sys.path.insert(0, SRC)
# The kernel that runs the cells is a process of its own; it takes its path from here.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SRC, os.environ.get("PYTHONPATH")]))

from kursk_timeline import __version__  # noqa: E402  (found by the path above)

project = "kursk_timeline"
author = "The kursk_timeline developers"
release = version = __version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"kursk_timeline {release}"
html_copy_source = False
html_show_sphinx = False

# --- Markdown ---

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# --- pages with cells ---

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_merge_streams = True

# --- the reference ---

default_role = "code"  # docstrings write `names` in single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # "Attributes:" stays one list; attrs has given each its own entry already
napoleon_use_rtype = False
