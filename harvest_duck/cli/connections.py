"""`harvest-duck connections`: add, list, test and remove the named connections of `connections.toml`."""

from __future__ import annotations

import shlex
from dataclasses import asdict

import click
import pyarrow as pa

from harvest_duck import connections as named
from harvest_duck.auth.callback_url import callback_in
from harvest_duck.auth.terminal import terminal_there
from harvest_duck.cli import completion, standard_input
from harvest_duck.cli.connection_option import connection_options
from harvest_duck.cli.output import form_option, show_listed
from harvest_duck.connection import PROPERTIES, account_numbers, canonical, parse, render
from harvest_duck.errors import ConnectionStringError
from harvest_duck.text import printable

_WHERE = "connection string"
#: The properties that a person is asked for on a terminal, and the option that gives each elsewhere.
_ASKED = {
    "AccountId": ("Account number", "--account"),
    "OAuthClientId": ("Client id", "--client-id"),
    "CallbackURL": ("Callback URL", "--callback-url"),
}
_COLUMNS = pa.schema([(name, pa.string()) for name in ("name", "account_id", "signs_in", "where")])


@click.group(short_help="Keep connections under names.")
def connections() -> None:
    """Keep connections under names, so that 'DSN=acme' is all there is to write."""


@connections.command()
@click.argument("name")
@connection_options("A connection string to keep, or part of one; - reads it from standard input.")
@click.option("--account", metavar="ID", help="The number of the Harvest account; several by commas, * for all.")
@click.option("--oauth", is_flag=True, help="Sign in by OAuth, with an application of one's own, instead of a token.")
@click.option("--client-id", metavar="ID", help="The client id of the OAuth application; implies --oauth.")
@click.option("--callback-url", metavar="URL", help="The redirect URL of the OAuth application.")
@click.option("--replace", is_flag=True, help="Take the place of the connection that has the name.")
def add(
    *,
    name: str,
    connection: str,
    account: str | None,
    oauth: bool,
    client_id: str | None,
    callback_url: str | None,
    replace: bool,
) -> None:
    """Keep a connection under NAME, and ask for what it lacks.

    The personal access token, or the secret of the OAuth application, is typed unseen. Where standard input is no
    terminal, its first line is taken:

    \b
        pass show harvest | harvest-duck connections add acme --account 123456

    --token-file FILE takes it from a file. No option takes it as it is, because other users of the machine see
    arguments, and shells keep them: leave it out of --connection.
    """  # noqa: D301 - the backspace is click's mark for a line to leave as it is
    given = {"AccountId": account, "OAuthClientId": client_id, "CallbackURL": callback_url}
    pairs = [*parse(connection, where=_WHERE).items(), *((entry, text) for entry, text in given.items() if text)]
    texts = canonical(pairs, where=_WHERE)
    named.require_free(name, replace=replace)
    if "DSN" not in texts:
        _complete(texts, oauth=oauth or client_id is not None)
    for entry, text in given.items():
        if text:
            _checked(entry, text)
    stored = named.add(name, render(texts), replace=replace)
    string = render({"DSN": stored.name})
    use = (
        "every command takes it where no other is named"
        if stored.name == "default"
        else f"use it by --connection {shlex.quote(string)}"
    )
    click.echo(f"{stored.name} is in {stored.where}; {use}")
    if stored.signs_in == "OAuth" and not texts.get("OAuthAccessToken"):
        click.echo(f"Sign in with  harvest-duck login --connection {shlex.quote(string)}")


@connections.command(name="list")
@form_option
def listing(form: str | None) -> None:
    """List the connections, without their secrets."""
    rows = [asdict(each) for each in named.listed()]
    show_listed(pa.Table.from_pylist(rows, _COLUMNS), form)


@connections.command(name="test")
@click.argument("name", shell_complete=completion.names)
def trial(name: str) -> None:
    """Ask Harvest whose connection NAME is, in each of its accounts."""
    for checked in named.check(name):
        person = f"{checked.user} ({checked.email}) in account {checked.account_id}"
        # What Harvest sends could otherwise steer the terminal.
        click.echo(f"{name}: {printable(person, ' ')}")


@connections.command()
@click.argument("name", shell_complete=completion.names)
def remove(name: str) -> None:
    """Remove the connection NAME."""
    named.remove(name)
    click.echo(f"{name} is removed.")


def _complete(texts: dict[str, str], *, oauth: bool) -> None:
    """Ask for the properties that `texts` lacks, if it has neither a token nor the secret of an application."""
    scheme = texts.get("AuthScheme", "").upper()
    if oauth and scheme == "NONE":
        raise click.UsageError("AuthScheme=NONE is no sign-in by OAuth: leave out one of them.")
    if oauth or scheme == "OAUTH":
        _complete_oauth(texts, chosen=oauth)
    elif not texts.get("APIKey") and not texts.get("OAuthAccessToken"):
        _ask(texts, "AccountId")
        texts["APIKey"] = _ask_unseen("Personal access token")


def _complete_oauth(texts: dict[str, str], *, chosen: bool) -> None:
    if texts.get("OAuthAccessToken"):
        texts["AuthScheme"] = "OAuth"
        return
    if chosen or not texts.get("OAuthClientSecret"):
        texts["AuthScheme"] = "OAuth"
        texts["InitiateOAuth"] = texts.get("InitiateOAuth") or "GETANDREFRESH"
    if not texts.get("OAuthClientSecret"):
        for entry in _ASKED:
            _ask(texts, entry)
        texts["OAuthClientSecret"] = _ask_unseen("Client secret")


def _checked(entry: str, text: str) -> str:
    """Return the text that a person gave for a property; an error does not repeat it, as it may be a secret."""
    if entry == "AccountId" and account_numbers(text) is None:
        raise ConnectionStringError(f"{_WHERE}: AccountId has to be {PROPERTIES[entry].expected}")
    if entry == "CallbackURL":
        callback_in(text)
    return text


def _ask(texts: dict[str, str], entry: str) -> None:
    if texts.get(entry):
        return
    what, option = _ASKED[entry]
    if not terminal_there():
        raise click.UsageError(f"{what} is missing, and there is no terminal to ask on: give {option}.")

    def typed(text: str) -> str:
        try:
            return _checked(entry, text.strip())
        except ConnectionStringError as error:
            # click prints it and asks again.
            raise click.UsageError(str(error)) from error

    texts[entry] = str(click.prompt(what, err=True, value_proc=typed))


def _ask_unseen(what: str) -> str:
    """Return the secret, typed unseen on the terminal, else the first line of standard input."""
    if terminal_there():
        return str(click.prompt(what, hide_input=True, err=True)).strip()
    line = standard_input.first_line("the secret")
    if not line:
        raise ConnectionStringError(f"{what} is missing: standard input is empty")
    return line
