"""TeX becomes MathML while the site is built: browsers set it themselves, so no page needs a script or a font for it."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.errors import ExtensionError


def write_mathml(tex: str, *, block: bool) -> str:
    """The formula as <math>; what cannot be read ends the build, with the formula in the message."""
    # A block of several lines needs no environment around it, and docutils reads none of that name.
    bare = re.sub(r"\\(begin|end)\{(align|gather|equation)\*?\}", "", tex).strip()
    try:
        return str(latex2mathml.tex2mathml(bare, as_block=block))
    except (MathError, SyntaxError) as error:
        raise ExtensionError(f"This TeX cannot be set: {tex!r}. {error}") from error


def _visit_inline(self: Any, node: nodes.math) -> None:
    self.body.append(write_mathml(node.astext(), block=False))
    raise nodes.SkipNode


def _visit_block(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="formula">{write_mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
