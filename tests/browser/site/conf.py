"""How Sphinx builds the site of the course.

Sphinx with myst-nb is what the Jupyter project's own documentation is built with, and both are kept: notebooks as they
were saved are pages of one site beside Markdown, links between them are checked, and the search index is a script, so
it works from a memory stick, where a page may fetch nothing. Of the themes Furo is the smallest that has what is asked
for here: no font, script or picture from elsewhere, light and dark by the reader's system and by a switch, and a page
that fits a phone. Formulas become MathML while the site is built (mathml.py), by the converter that docutils, below
Sphinx, brings anyway. The reference is read by griffe from the source, so building needs neither torch nor kgwb; the
pages of the views, which do, are made before.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))


def _read_palette() -> Any:
    """see/palette.py by its path: kgwb itself would import torch."""
    spec = importlib.util.spec_from_file_location("palette", _HERE.parents[2] / "kgwb" / "see" / "palette.py")
    assert spec is not None and spec.loader is not None
    palette = importlib.util.module_from_spec(spec)
    sys.modules["palette"] = palette
    spec.loader.exec_module(palette)
    return palette


def _name_colours(colours: Any) -> dict[str, str]:
    ink, paper, muted, rule, edge = (colours[name] for name in ("ink", "paper", "muted", "rule", "edge"))
    return {
        "color-foreground-primary": ink,
        "color-foreground-secondary": muted,
        "color-foreground-muted": muted,
        "color-background-primary": paper,
        "color-background-secondary": paper,
        "color-background-border": rule,
        "color-brand-primary": ink,
        "color-brand-content": edge,
        "color-brand-visited": edge,
        **{f"kgwb-{name}": colour for name, colour in colours.items()},
    }


_PALETTE = _read_palette()
project = "kgwb"
html_title = "kgwb"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton", "mathml"]
exclude_patterns = ["extra", "doctrees"]

nb_execution_mode = "off"  # as saved
nb_ipywidgets_js: dict[str, Any] = {}  # these would come from a CDN
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 4
myst_update_mathjax = False
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
html_math_renderer = "mathml"
python_maximum_signature_line_length = 80
add_module_names = False
toc_object_entries = False

html_theme = "furo"
html_static_path = [str(_HERE / "static")]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_theme_options = {
    "light_css_variables": {**_name_colours(_PALETTE.LIGHT), "font-stack": _PALETTE.FONT},
    "dark_css_variables": _name_colours(_PALETTE.DARK),
    "navigation_with_keys": False,
}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_show_search_summary = False  # it would fetch the pages, which a browser forbids under file://
html_domain_indices = False
html_use_index = False
copybutton_selector = "div:not(.output) > div.highlight > pre"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _tell_language(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    if pagename.startswith("notebooks/zh/"):
        context["language"] = "zh"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("html-page-context", _tell_language)
