"""The page: one file of HTML that asks nobody anything, drawn from the figures.

It has no number that is not in the figures, and nothing of the moment when it was made: the same figures become the
same bytes. The content security policy allows its one style and its one script by their hashes, and nothing else.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any

from harvest_duck.report_page import cards
from harvest_duck.report_page.numbers import Numbers

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from harvest_duck.report_page.form import Form
    from harvest_duck.report_page.model import Figures

_INDENT = re.compile(r"\s*\n\s*")


@dataclass(frozen=True, slots=True)
class _Drawn:
    kind: cards.Kind
    html: Markup


def page(figures: Figures, *, form: Form | None = None) -> str:
    """Return the page of these figures as HTML; `form` is what it has besides where a server shows it."""
    environment, style, script = _loaded()
    context: dict[str, Any] = {
        "figures": figures,
        "form": form,
        "n": Numbers(figures.thousands_separator, figures.decimal_symbol),
    }
    found = environment.get_template("page.html.j2").render(
        context,
        shown=[_drawn(environment, context, placed) for placed in cards.placed(figures)],
        short=[_short(environment, context, kind, sentence) for kind, sentence in cards.short(figures)],
        style=style,
        script=script,
        policy=_policy(style, script, served=form is not None),
    )
    return _INDENT.sub("\n", found).strip() + "\n"


def _drawn(environment: Environment, context: dict[str, Any], placed: cards.Placed) -> _Drawn:
    from markupsafe import Markup  # noqa: PLC0415 - as in `environment`

    kind = placed.kind
    html = environment.get_template(f"cards/{kind.name}.html.j2").render(
        context,
        card=getattr(context["figures"], kind.figure),
        kind=kind,
        width=placed.width,
        definitions=cards.definitions(context["figures"], kind),
    )
    return _Drawn(kind, Markup(html))  # noqa: S704 - what a template with autoescape made


def _short(environment: Environment, context: dict[str, Any], kind: cards.Kind, sentence: str) -> Markup:
    from markupsafe import Markup  # noqa: PLC0415 - as in `environment`

    definitions = cards.definitions(context["figures"], kind)
    template = environment.get_template("short_card.html.j2")
    html = template.render(context, kind=kind, sentence=sentence, definitions=definitions)
    return Markup(html)  # noqa: S704 - as above


def _policy(style: str, script: str, *, served: bool) -> str:
    """Return the content security policy: nothing but this style and this script, and a form of the server's own."""
    sources = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script),
        "base-uri": "'none'",
        "form-action": "'self'" if served else "'none'",
    }
    return "; ".join(f"{kind} {source}" for kind, source in sources.items())


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


@cache
def _loaded() -> tuple[Environment, Markup, Markup]:
    """Return the environment of the templates, and the text of the style and the script."""
    from markupsafe import Markup  # noqa: PLC0415 - as in `environment`

    from harvest_duck.report_page.environment import environment  # noqa: PLC0415 - takes 0.1 s to import Jinja2

    files = resources.files(__package__)
    sources = (_INDENT.sub("\n", files.joinpath(name).read_text("utf-8")) for name in ("style.css", "script.js"))
    style, script = (Markup(source) for source in sources)  # noqa: S704 - files of this package
    return environment(), style, script
