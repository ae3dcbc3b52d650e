"""`harvest-duck sandbox`: serves the stand-in for Harvest, for tests and experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harvest_duck import sandbox as stand_in

if TYPE_CHECKING:
    from datetime import datetime

_ROUNDINGS, _MINUTES = [each.value for each in stand_in.Rounding], [f"{each}" for each in stand_in.MINUTES]
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; loopback only.")
@click.option("--port", default=8181, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0.05, 100), help="Size of the agency.")
@click.option("--seed", default=7, show_default=True, help="Another seed makes another agency.")
@click.option(
    "--today",
    default=f"{stand_in.TODAY}",
    show_default=True,
    type=_DAY,
    metavar="DAY",
    help="The day on which it is seen.",
)
@click.option("--currency", default="USD", show_default=True, help="The currency of the account.")
@click.option("--rounding", default="up", show_default=True, type=click.Choice(_ROUNDINGS), help="How time is rounded.")
@click.option("--rounding-minutes", default="15", show_default=True, type=click.Choice(_MINUTES), help="To a multiple.")
@click.option(
    "--week-start", default="Monday", show_default=True, type=click.Choice(stand_in.WEEK_STARTS), help="Its first day."
)
@click.option("--weekly-hours", type=click.FloatRange(1, 60), help="Most people's week; by default 32, 35 or 40.")
@click.option("--latency-ms", default=0, show_default=True, type=click.IntRange(0), help="Wait before each answer.")
@click.option("--time-entries", type=click.IntRange(0), help="Exactly so many time entries.")
@click.option("--limits/--no-limits", default=True, show_default=True, help="Keep Harvest's rate limits.")
@click.option(
    "--access-token-s",
    default=1_209_600.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds that an access token from OAuth is good.",
)
@click.option("--faults", type=int, metavar="SEED", help="Let one answer in ten go wrong, as this seed has it.")
@click.option(
    "--rotate/--no-rotate",
    "rotate_refresh_tokens",
    default=True,
    show_default=True,
    help="Let a refresh end the refresh token.",
)
def sandbox(
    *,
    faults: int | None,
    today: datetime,
    currency: str,
    rounding: str,
    rounding_minutes: str,
    week_start: str,
    weekly_hours: float | None,
    **options: Any,  # noqa: ANN401 - those of `stand_in.Sandbox`
) -> None:
    """Serve a made-up agency as Harvest would, until Ctrl-C."""
    schedule = None if faults is None else stand_in.Schedule.seeded(faults)
    time_rounding = stand_in.TimeRounding(stand_in.Rounding(rounding), int(rounding_minutes))
    try:
        settings = stand_in.Settings(currency, time_rounding, week_start, weekly_hours)
        stand_in.serve_forever(ready=_show, faults=schedule, today=today.date(), settings=settings, **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _show(running: stand_in.Sandbox) -> None:
    click.echo(f"A stand-in for Harvest listens. Its today is {running.today}.")
    click.echo("Its accounts and users, as connection strings:\n")
    for account_id in (stand_in.MAIN_ID, stand_in.EURO_ID):
        click.echo(f"administrator of {account_id}:  {running.connection_string(account_id=account_id)}")
    for role in ("manager", "member"):
        click.echo(f"{role} of {stand_in.MAIN_ID}:  {running.connection_string(role=role)}")
    click.echo(f"whoever signs in to {stand_in.MAIN_ID} by OAuth:  {running.oauth_connection_string()}")
    click.echo("\nCtrl-C ends it.")
