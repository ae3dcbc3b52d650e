"""`harvest-duck sandbox`: serves the stand-in for Harvest, for tests and experiments."""

from __future__ import annotations

from typing import Any

import click

from harvest_duck import sandbox as stand_in


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; loopback only.")
@click.option("--port", default=8181, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--scale", default=1.0, show_default=True, type=click.FloatRange(0.05, 100), help="Size of the agency.")
@click.option("--seed", default=7, show_default=True, help="Another seed makes another agency.")
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
def sandbox(*, faults: int | None, **options: Any) -> None:  # noqa: ANN401 - those of `stand_in.Sandbox`
    """Serve a made-up agency as Harvest would, until Ctrl-C."""
    schedule = None if faults is None else stand_in.Schedule.seeded(faults)
    stand_in.serve_forever(ready=_show, faults=schedule, **options)


def _show(running: stand_in.Sandbox) -> None:
    click.echo("A stand-in for Harvest listens. Its accounts and users, as connection strings:\n")
    for account_id in (stand_in.MAIN_ID, stand_in.EURO_ID):
        click.echo(f"administrator of {account_id}:  {running.connection_string(account_id=account_id)}")
    for role in ("manager", "member"):
        click.echo(f"{role} of {stand_in.MAIN_ID}:  {running.connection_string(role=role)}")
    click.echo(f"whoever signs in to {stand_in.MAIN_ID} by OAuth:  {running.oauth_connection_string()}")
    click.echo("\nCtrl-C ends it.")
