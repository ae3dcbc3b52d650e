"""The authorization code flow with a person: browser opened or address shown, redirect taken, page shown.

The redirect comes to the loopback address of CallbackURL, or is pasted where there is no browser. It is checked by
`answers`; what becomes of the code is for the caller, whose outcome the browser's page tells.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from harvest_duck.auth import requests, responses, result_page, terminal
from harvest_duck.auth.redirect_server import Callback, RedirectServer, callback_in
from harvest_duck.connection import Secret
from harvest_duck.errors import CredentialsError, HarvestDuckError, LoginFailed, LoginRequired
from harvest_duck.runtime import loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from harvest_duck.auth.requests import Authorization
    from harvest_duck.auth.terminal import Manner
    from harvest_duck.connection import Connection

T = TypeVar("T")
Outcome = tuple[T, str]


async def consent(
    connection: Connection,
    manner: Manner,
    complete: Callable[[Secret, Secret | None], Awaitable[Outcome[T]]],
) -> T:
    """What `complete` makes of the code that the person's consent leads to, and of the PKCE verifier.

    `complete` returns a value and the page that the browser then shows. Raises `LoginRequired` where this process can
    reach nobody, `LoginFailed` where the person says no, nobody agrees in time, the redirect is not the one that was
    asked for, or its port is taken; and what `complete` raises, which the page tells too.
    """
    authorization = requests.authorization(connection)
    callback = _callback(connection, manner)
    if connection.oauth.client_secret is None:
        raise CredentialsError(
            "signing in needs OAuthClientSecret: id.getharvest.com/developers shows it beside the client id"
        )
    async with AsyncExitStack() as stack:
        server = await _server(stack, callback, authorization, manner)
        pasting = manner.terminal and (server is None or not manner.browser)
        _ask(authorization, manner, pasting=pasting)
        try:
            try:
                async with asyncio.timeout(manner.limit_s):
                    code = await _code(authorization, server, manner, connection.oauth.callback_url, pasting=pasting)
            except TimeoutError:
                raise LoginFailed(
                    f"nobody agreed within {manner.limit_s:.0f} s: run `{connection.login_command}` again, and if "
                    "Harvest's page in the browser shows an error, check OAuthClientId and CallbackURL"
                ) from None
            made, shown = await complete(code, authorization.pkce_verifier)
        except HarvestDuckError as error:
            _show(server, result_page.failure(str(error)))
            raise
        _show(server, shown)
        return made


def _callback(connection: Connection, manner: Manner) -> Callback | None:
    """Where the redirect can be taken, None where it has to be pasted; refuses what cannot work."""
    url = connection.oauth.callback_url
    callback = callback_in(url) if url is not None else None
    if not manner.browser and not manner.terminal:
        raise LoginRequired(
            "nobody is signed in, and there is neither a browser nor a terminal here: "
            f"run `{connection.login_command} --no-browser` in a terminal first"
        )
    if callback is None and not manner.terminal:
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
    stack: AsyncExitStack, callback: Callback | None, authorization: Authorization, manner: Manner
) -> RedirectServer | None:
    """The server that takes the redirect; None where there is none, as somebody will paste it."""
    if callback is None:
        return None

    def refused(redirect: str) -> str | None:
        try:
            responses.require_state(redirect, authorization)
        except LoginFailed as error:
            manner.tell(f"A redirect came that was not taken: {error}")
            return str(error)
        return None

    try:
        return await stack.enter_async_context(RedirectServer(callback, refused))
    except LoginFailed:
        if manner.browser:
            raise
        return None


def _ask(authorization: Authorization, manner: Manner, *, pasting: bool) -> None:
    """Send the person to Harvest."""
    if manner.browser:
        manner.tell(f"Harvest asks for your consent in the browser. If no page opens, go to\n\n  {authorization.url}\n")
        terminal.open_browser(authorization.url)
    else:
        manner.tell(f"To sign in to Harvest, open this address in a browser:\n\n  {authorization.url}\n")
    if pasting:
        manner.tell("Then copy the address of the page you land on, even if it cannot be shown, and paste it here:")
    else:
        manner.tell(f"Waiting {manner.limit_s:.0f} s for it; Ctrl-C gives up.")


async def _code(
    authorization: Authorization,
    server: RedirectServer | None,
    manner: Manner,
    callback_url: str | None,
    *,
    pasting: bool,
) -> Secret:
    """The code, from the redirect or from what is pasted, whichever comes first."""
    ways: list[Coroutine[None, None, Secret]] = []
    if server is not None:
        ways.append(_redirected(server, authorization))
    if pasting:
        ways.append(_pasted(authorization, callback_url, manner, alone=server is None))
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        await loop.cancel(tasks)


async def _redirected(server: RedirectServer, authorization: Authorization) -> Secret:
    return responses.code_in(await server.redirect(), authorization)


async def _pasted(authorization: Authorization, callback_url: str | None, manner: Manner, *, alone: bool) -> Secret:
    """The code in the first line that has one; a line that has none is told, and another waited for.

    The end of the input ends the wait, unless nobody was there to paste and the redirect may come another way.
    """
    wrong: LoginFailed | None = None
    while (line := await terminal.pasted_line()) is not None:
        if line.strip():
            try:
                found = responses.pasted(line, authorization, callback_url)
            except LoginFailed as error:
                wrong = error
                if terminal.terminal_there():
                    manner.tell(f"That is not it: {error}.")
            else:
                return found if isinstance(found, Secret) else responses.code_in(found, authorization)
        if terminal.terminal_there():
            manner.tell("Paste the address here:")
    if wrong is None and not alone and not terminal.terminal_there():
        await asyncio.Event().wait()
    raise wrong or LoginFailed(
        f"the input ended before an address was pasted: run `{authorization.login_command}` again"
    )


def _show(server: RedirectServer | None, shown: str) -> None:
    if server is not None:
        server.answer(shown)
