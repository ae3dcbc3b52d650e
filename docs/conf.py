"""How Sphinx builds the site of the documentation: `sphinx-build -W -n docs docs/_build`.

The pages are Markdown that reads well in the repository too. Nothing on the site asks another host, and building it
needs no network.
"""

from __future__ import annotations

import sys
from pathlib import Path

import harvest_duck

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "harvest_duck"
author = "The harvest_duck maintainers"
version = release = harvest_duck.__version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "accessible_html",
    "example_report",
    "public_types",
    "repository_links",
    "row_anchors",
]
exclude_patterns = ["_build"]
nitpicky = True

# Two hyphens are an option of a command, not a dash.
smartquotes = False
# Headings get the anchors that they have in the repository.
myst_heading_anchors = 4

# Docstrings are plain text, in which backticks mark code.
default_role = "code"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90
python_use_unqualified_type_names = True
add_module_names = False
# Types of Python, DuckDB and Arrow. Their own sites describe them, and to look there takes the network.
nitpick_ignore_regex = [
    ("py:class", r"(.*\.)?(date|datetime|Path|PathLike|Sequence|Iterable|Callable)"),
    ("py:class", r"(duckdb|pa|pc|ds|pyarrow)\..*"),
]
# SQL with the braces of dbt, or with a macro of Grafana, is shown without colours where the lexer does not know them.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
