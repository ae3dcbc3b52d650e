"""The page that a browser shows at the end of a sign-in: whether it worked.

It loads nothing, runs no script, and works on small screens, in dark mode and with screen readers.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Headers of every page: nothing is loaded, cached, or sent to other sites.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --ground: #f4f6f8; --card: #ffffff; --line: #d5dce3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --ground: #12181f; --card: #1c242d; --line: #34404c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; color: var(--ink);
  background: var(--ground); font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 34rem; width: 100%; padding: 2.5rem; background: var(--card); border: 1px solid var(--line);
  border-top: 0.375rem solid var(--mark); border-radius: 0.75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.75rem; font-size: 1.625rem; line-height: 1.25; }
p { margin: 0 0 0.75rem; } p:last-child { margin: 0; }
code { font: 0.9375rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
"""


def success(user: str, accounts: str) -> str:
    """Return the page for a sign-in that worked: who signed in, and which accounts they reach."""
    return _page(
        "You are signed in to Harvest",
        [f"harvest_duck can now read what {user} may read in {accounts}.", "You can close this page."],
        mark="#1a7f4b",
    )


def failure(reason: str) -> str:
    """Return the page for a sign-in that did not work, with the text of the error."""
    return _page(
        "The sign-in did not work",
        [f"{reason[:1].upper()}{reason[1:]}.", "Nothing was stored. You can close this page."],
        mark="#b3261e",
    )


def answered() -> str:
    """Return the page for another request after the redirect, such as a reload."""
    return _page(
        "This sign-in has its answer already",
        ["What became of it stands on the page that came first, and in the terminal.", "You can close this page."],
        mark="#5b6b7a",
    )


def _page(title: str, paragraphs: list[str], *, mark: str) -> str:
    text = "\n".join(f"<p>{_code(paragraph)}</p>" for paragraph in paragraphs)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · harvest_duck</title>
<style>:root {{ --mark: {mark}; }}{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{text}
</main>
</body>
</html>
"""


def _code(text: str) -> str:
    """Return the text as HTML, with the parts between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))
