"""What IPython calls for `%load_ext harvest_duck` and `%unload_ext harvest_duck`."""

from __future__ import annotations

from typing import Any

from harvest_duck.integrations.notebook.magics import HarvestMagics

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:  # noqa: ANN401 - of IPython
    """Give a notebook the magics `%%harvest` and `%harvest`, and completion in their SQL."""
    magics = HarvestMagics(shell)
    shell.register_magics(magics)
    if magics.matcher is not None:
        shell.Completer.custom_matchers.append(magics.matcher)


def unload_ipython_extension(shell: Any) -> None:  # noqa: ANN401 - of IPython
    """Take the magics away, and close the connections of their cells."""
    magics = shell.magics_manager.registry.pop(HarvestMagics.__name__, None)
    if magics is not None:
        magics.close()
        if magics.matcher is not None:
            shell.Completer.custom_matchers.remove(magics.matcher)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("harvest", None)
