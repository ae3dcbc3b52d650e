"""The OAuth authorization code flow with a person: open the browser, take the redirect, show a page.

The redirect comes to the loopback address of CallbackURL, or the person pastes it where there is no browser.
`responses` checks it; the caller exchanges the code, and the browser's page shows the outcome.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from harvest_duck.auth import requests, responses, result_page, terminal
from harvest_duck.auth.callback_url import Callback, callback_in
from harvest_duck.auth.redirect_server import RedirectServer
from harvest_duck.connection import Secret
from harvest_duck.errors import CredentialsError, HarvestDuckError, LoginFailed, LoginRequired
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from harvest_duck.auth.requests import Authorization
    from harvest_duck.auth.terminal import Interaction
    from harvest_duck.connection import Connection

T = TypeVar("T")
Outcome = tuple[T, str]
#: The most lines that are read for an address where no person types them.
_MOST_LINES = 20


async def consent(
    connection: Connection,
    interaction: Interaction,
    complete: Callable[[Secret, Secret | None], Awaitable[Outcome[T]]],
) -> T:
    """Ask a person for their consent, and return what `complete` makes of its code and the PKCE verifier.

    `complete` returns a value, and the page that the browser then shows. Raises `LoginRequired` if there is neither a
    browser nor a terminal, `LoginFailed` if the person refuses, nobody agrees in time, the redirect belongs to another
    sign-in, or its port is taken; and the errors of `complete`. The browser's page shows the error too.
    """
    authorization = requests.authorization(connection)
    callback = _callback(connection, interaction)
    if connection.oauth.client_secret is None:
        raise CredentialsError(
            "signing in needs OAuthClientSecret: id.getharvest.com/developers shows it beside the client id"
        )
    async with AsyncExitStack() as stack:
        server = await _server(stack, callback, authorization, interaction)
        pasting = interaction.terminal and (server is None or not interaction.browser)
        _ask(authorization, interaction, pasting=pasting)
        try:
            try:
                async with asyncio.timeout(interaction.limit_s):
                    code = await _code(
                        authorization, server, interaction, connection.oauth.callback_url, pasting=pasting
                    )
            except TimeoutError:
                raise LoginFailed(
                    f"nobody agreed within {interaction.limit_s:.0f} s: run `{connection.login_command}` again, and if "
                    "Harvest's page in the browser shows an error, check OAuthClientId and CallbackURL"
                ) from None
            made, page = await complete(code, authorization.pkce_verifier)
        except HarvestDuckError as error:
            _show(server, result_page.failure(str(error)))
            raise
        _show(server, page)
        return made


def _callback(connection: Connection, interaction: Interaction) -> Callback | None:
    """Return where the redirect can be received, None if it has to be pasted; raises if neither can work."""
    url = connection.oauth.callback_url
    callback = callback_in(url) if url is not None else None
    if not interaction.browser and not interaction.terminal:
        raise LoginRequired(
            "nobody is signed in, and there is neither a browser nor a terminal here: "
            f"run `{connection.login_command} --no-browser` in a terminal first"
        )
    if callback is None and not interaction.terminal:
        if url is None:
            raise CredentialsError(
                "signing in needs CallbackURL: set it to the redirect URI of your OAuth application, such as "
                "http://localhost:8765/callback"
            )
        raise LoginRequired(
            "CallbackURL is not plain http to this machine, so nothing here can take its redirect: register and set "
            f"one such as http://localhost:8765/callback, or run `{connection.login_command}` in a terminal and paste"
        )
    return callback


async def _server(
    stack: AsyncExitStack, callback: Callback | None, authorization: Authorization, interaction: Interaction
) -> RedirectServer | None:
    """Return the server that receives the redirect, None if the person will paste it."""
    if callback is None:
        return None

    def refused(redirect: str) -> str | None:
        try:
            responses.require_state(redirect, authorization)
        except LoginFailed as error:
            interaction.tell(f"A redirect came that was not taken: {error}")
            return str(error)
        return None

    try:
        return await stack.enter_async_context(RedirectServer(callback, refused))
    except LoginFailed:
        if interaction.browser:
            raise
        return None


def _ask(authorization: Authorization, interaction: Interaction, *, pasting: bool) -> None:
    """Send the person to Harvest's page."""
    if interaction.browser:
        interaction.tell(
            f"Harvest asks for your consent in the browser. If no page opens, go to\n\n  {authorization.url}\n"
        )
        terminal.open_browser(authorization.url)
    else:
        interaction.tell(f"To sign in to Harvest, open this address in a browser:\n\n  {authorization.url}\n")
    if pasting:
        interaction.tell(
            "Then copy the address of the page you land on, even if it cannot be shown, and paste it here:"
        )
    else:
        interaction.tell(f"Waiting {interaction.limit_s:.0f} s for it; Ctrl-C gives up.")


async def _code(
    authorization: Authorization,
    server: RedirectServer | None,
    interaction: Interaction,
    callback_url: str | None,
    *,
    pasting: bool,
) -> Secret:
    """Return the code, from the redirect or from a pasted line, whichever comes first."""
    ways: list[Coroutine[None, None, Secret]] = []
    if server is not None:
        ways.append(_redirected(server, authorization))
    if pasting:
        ways.append(_pasted(authorization, callback_url, interaction, alone=server is None))
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        await loop.cancel_all(tasks)


async def _redirected(server: RedirectServer, authorization: Authorization) -> Secret:
    return responses.code_in(await server.redirect(), authorization)


async def _pasted(
    authorization: Authorization, callback_url: str | None, interaction: Interaction, *, alone: bool
) -> Secret:
    """Return the code in the first pasted line that has one; after a line without one, wait for another.

    Raises `LoginFailed` at the end of the input, unless no person could paste and the redirect may still come. An input
    that is no terminal may be endless, and ends after a few lines.
    """
    wrong: LoginFailed | None = None
    lines = count(1)
    while (line := await terminal.pasted_line()) is not None and (
        terminal.terminal_there() or next(lines) <= _MOST_LINES
    ):
        if line.strip():
            try:
                found = responses.pasted(line, authorization, callback_url)
            except LoginFailed as error:
                wrong = error
                if terminal.terminal_there():
                    interaction.tell(f"That is not it: {error}.")
            else:
                return found if isinstance(found, Secret) else responses.code_in(found, authorization)
        if terminal.terminal_there():
            interaction.tell("Paste the address here:")
    if wrong is None and not alone and not terminal.terminal_there():
        await asyncio.Event().wait()
    raise wrong or LoginFailed(
        f"the input ended before an address was pasted: run `{authorization.login_command}` again"
    )


def _show(server: RedirectServer | None, page: str) -> None:
    if server is not None:
        server.answer(page)
