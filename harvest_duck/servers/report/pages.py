"""The pages beside the report: while Harvest is asked, when it cannot be, and for whoever may not ask."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEADERS", "failed", "opened", "refused", "waiting"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --ground: #f4f6f8; --card: #ffffff; --line: #d5dce3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --ground: #12181f; --card: #1c242d; --line: #34404c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; color: var(--ink);
  background: var(--ground); font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 34rem; width: 100%; padding: 2.5rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 0.75rem; }
a { color: inherit; }
button { font: inherit; padding: 0.4rem 1rem; }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'"

#: Headers of every answer. The report has a policy of its own for what it draws; these hold beside it.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    # Not the versions of Python and aiohttp.
    "Server": "harvest_duck",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def opened(path: str) -> str:
    """Return the answer to the first URL, which leads on to `path`.

    A redirect would not do: after a link of another site, such as a mail, it has no cookie of `SameSite=Strict`.
    """
    return _page("The report is open", f'<p><a href="{escape(path)}">Go to it</a>.</p>', leads_to=path, after_s=0)


def waiting(progress: str, path: str) -> str:
    """Return the page while Harvest is asked for the first figures, which asks for `path` again each second."""
    return _page("The report is being made", f'<p role="status">{escape(progress)}</p>', leads_to=path, after_s=1)


def failed(title: str, reason: str, *, back: str, again: str | None = None) -> str:
    """Return the page of an error, with a link to `back`, and a button that posts to `again` where there is one."""
    said = f"<p>{escape(reason[:1].upper() + reason[1:])}</p>\n"
    if again is not None:
        said += f'<form method="post" action="{escape(again)}"><p><button>Ask again</button></p></form>\n'
    return _page(title, f'{said}<p><a href="{escape(back)}">The whole report</a></p>')


def refused(reason: str) -> str:
    """Return the page for whoever may not ask."""
    return _page("This page is not open to you", f"<p>{escape(reason)}</p>")


def _page(title: str, body: str, *, leads_to: str | None = None, after_s: int = 0) -> str:
    refresh = "" if leads_to is None else f'<meta http-equiv="refresh" content="{after_s}; url={escape(leads_to)}">\n'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh}<title>{escape(title)} · harvest_duck</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{body}
</main>
</body>
</html>
"""
