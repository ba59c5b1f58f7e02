"""Looking: graphs, spaces, attention and training as views that also return data and save as one offline page.

A view loads what draws it (pyvis, plotly, scikit-learn, anywidget) when it is used, and names what is missing. `__init__.pyi`
lists the names; each is loaded when it is first used, so that graphs and spaces are drawn also where there is no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
