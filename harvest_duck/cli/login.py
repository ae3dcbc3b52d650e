"""`harvest-duck login`, `logout`, `whoami` and `accounts`: sign in by OAuth, and show whose token is sent."""

from __future__ import annotations

import click
import pyarrow as pa

from harvest_duck.auth import sessions
from harvest_duck.auth.terminal import LIMIT_S
from harvest_duck.cli.connection_option import connection_option
from harvest_duck.cli.output import form_option, show_listed
from harvest_duck.connection import resolve
from harvest_duck.errors import CredentialsError
from harvest_duck.text import one_line

_account = click.option("--account", metavar="ID", help="Stands for AccountId; several are parted by commas.")
_ACCOUNTS = pa.schema([("account_id", pa.int64()), ("name", pa.string()), ("product", pa.string())])
_USER = pa.schema([("name", pa.string()), ("email", pa.string()), ("user_id", pa.int64()), ("accounts", pa.string())])


@click.command(short_help="Sign in to Harvest in the browser.")
@connection_option
@_account
@click.option("--no-browser", is_flag=True, help="Print the address, and take the address of the page after it.")
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=LIMIT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for your consent.",
)
def login(connection: str, account: str | None, timeout: float, *, no_browser: bool) -> None:
    """Sign in to Harvest in the browser; queries use the sign-in from then on, and refresh it.

    The connection names your OAuth application: OAuthClientId, OAuthClientSecret and CallbackURL, best in a DSN.
    """
    location = resolve(connection).oauth.settings_location or ""
    if location.lower().startswith("memory://"):
        raise CredentialsError(
            f"OAuthSettingsLocation is {location}, which is forgotten when this command ends: "
            "name a file, or leave it out"
        )
    who = sessions.login(connection, account=account, browser=False if no_browser else None, limit_s=timeout)
    count = len(who.harvest_accounts)
    click.echo(
        f"{one_line(who.name)} is signed in, with {count} Harvest {'account' if count == 1 else 'accounts'}:",
        err=True,
    )
    for each in who.harvest_accounts:
        click.echo(f"  {each.id}  {one_line(each.name)}", err=True)


@click.command(short_help="Forget a sign-in.")
@connection_option
@_account
@click.option("--all", "everybody", is_flag=True, help="Forget everybody who signed in by the application.")
def logout(connection: str, account: str | None, *, everybody: bool) -> None:
    """Forget a sign-in; withdraw the application itself at id.getharvest.com."""
    ended = sessions.logout(connection, account=account, everybody=everybody)
    for name in ended.signed_out:
        click.echo(f"{one_line(name)} is signed out.", err=True)
    if not ended.signed_out:
        click.echo("Nobody was signed in.", err=True)
    if ended.still_signed_in is not None:
        click.echo(f"{one_line(ended.still_signed_in)} is still signed in, and is asked for from now on.", err=True)


@click.command()
@connection_option
@form_option
def whoami(connection: str, form: str | None) -> None:
    """Tell whose token a connection sends."""
    who = sessions.whoami(connection)
    listed = ", ".join(str(each.id) for each in who.harvest_accounts)
    row = {"name": who.name, "email": who.email, "user_id": who.user_id, "accounts": listed}
    show_listed(pa.Table.from_pylist([row], schema=_USER), form)


@click.command()
@connection_option
@form_option
def accounts(connection: str, form: str | None) -> None:
    """List the accounts that a connection's token reaches."""
    found = sessions.accounts(connection)
    rows = [{"account_id": each.id, "name": each.name, "product": each.product} for each in found]
    show_listed(pa.Table.from_pylist(rows, schema=_ACCOUNTS), form)
