"""The HTML pages of the ID host: the consent page, and the error page.

They do not look like those of Harvest.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvest_duck.sandbox.identity.authorization_request import AuthorizationRequest
    from harvest_duck.sandbox.wire import Record

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f1ec; color: #1d1d1b; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 3rem auto; padding: 2rem; background: #fff; border: 1px solid #d5cec3;
  border-radius: .5rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.1rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .75rem; }
label { display: block; margin: 1.5rem 0 .25rem; font-weight: 600; }
select, button { min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid #6b6459; border-radius: .375rem;
  background: #fff; color: inherit; font: inherit; }
select { width: 100%; }
.decision { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { min-width: 7rem; cursor: pointer; }
button[value="allow"] { border-color: #8a3a00; background: #8a3a00; color: #fff; font-weight: 600; }
:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
code { overflow-wrap: anywhere; }
.note { margin-top: 1.5rem; color: #55504a; font-size: .9rem; }
@media (max-width: 36rem) { main { margin: 0; border: 0; border-radius: 0; padding: 1.25rem; } }
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who could sign in, and the accounts that the application would reach with them."""

    role: str
    person: Record
    accounts: list[Record]

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.person['first_name']} {self.person['last_name']}"


def consent_page(request: AuthorizationRequest, candidates: list[Candidate]) -> str:
    """Return the form in which one of the `candidates` allows or denies a request; the first one is preselected."""
    name = escape(request.client.name)
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(field)}" value="{escape(value)}">'
        for field, value in request.fields.items()
    )
    options = "\n".join(
        f'<option value="{escape(each.role)}"{"" if number else " selected"}>{escape(each.name)}, {escape(each.role)}'
        "</option>"
        for number, each in enumerate(candidates)
    )
    reached = "\n".join(f"<dt>{escape(each.name)}</dt>\n<dd>{_accounts(each)}</dd>" for each in candidates)
    return _page(
        f"Allow {name}? - Harvest ID sandbox",
        f"""<h1>{name} asks for access to your Harvest data</h1>
<p>It asks for the scope <code>{escape(request.scope)}</code>. The answer goes to
<code>{escape(request.redirect_uri)}</code>.</p>
<h2>What it would reach</h2>
<dl>
{reached}
</dl>
<form method="post" action="/oauth2/authorize" autocomplete="off">
{hidden}
<label for="user">Sign in as</label>
<select id="user" name="user">
{options}
</select>
<div class="decision">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</div>
</form>""",
    )


def _accounts(candidate: Candidate) -> str:
    """Return the accounts of a candidate in words."""
    names = [f"{each['name']} ({each['product'].capitalize()}, {each['id']})" for each in candidate.accounts]
    return escape("; ".join(names)) or "No account"


def error_page(message: str) -> str:
    """Return the page for a request with an error that the application does not get."""
    return _page(
        "Sign-in is not possible - Harvest ID sandbox",
        f"""<h1>Sign-in is not possible</h1>
<p role="alert">{escape(message)}</p>
<p>Go back to the application, and begin again there.</p>""",
    )


def _page(title: str, content: str) -> str:
    """Return a whole page around HTML."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{content}
<p class="note">This is the sandbox of harvest_duck: the people and their data are made up.</p>
</main>
</body>
</html>
"""
