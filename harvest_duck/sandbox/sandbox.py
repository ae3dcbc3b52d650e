"""The sandbox as a thing to start and stop: `Sandbox`, on a thread of its own, which the command line waits for."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from harvest_duck.sandbox.api.permissions import Viewer
from harvest_duck.sandbox.api.reports import report
from harvest_duck.sandbox.api.request_log import Forced, LoggedRequest
from harvest_duck.sandbox.data.account import Account
from harvest_duck.sandbox.data.generate import found, plans
from harvest_duck.sandbox.data.profile import TODAY
from harvest_duck.sandbox.grants import (
    ADMINISTRATOR_TOKEN,
    EVERYTHING,
    MAIN_ID,
    OAUTH_CLIENT_ID,
    OAUTH_CLIENT_SECRET,
    TOKENS,
    account_records,
    token_for,
)
from harvest_duck.sandbox.identity.authority import Authority, IssuedTokens
from harvest_duck.sandbox.server_thread import Listener
from harvest_duck.sandbox.wire import Record, encode

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from datetime import date
    from types import TracebackType

    from harvest_duck.sandbox.api.server import Hook, Server
    from harvest_duck.sandbox.faults.injector import Committed, Hostility
    from harvest_duck.sandbox.faults.schedule import Schedule


class Sandbox:
    """A stand-in for Harvest on the loopback interface: `with Sandbox(seed=7) as sandbox: sandbox.base_url`.

    The accounts are generated when first needed: the same `seed`, `scale` and `today` give the same records, and
    `time_entries` sets the exact number of them in the main account. `latency_ms` delays each answer; `limits` enforces
    Harvest's rate limits by `clock`, a count of seconds. Port 0 is a free one; `id_port` opens a second port that the
    ID host's URL then names. Access tokens of the ID host live for `access_token_s` of the `clock`; without
    `rotate_refresh_tokens` a refresh token stays the same, and without `pkce` its parameters are ignored.

    With `tls`, a context of the server's side, it is HTTPS. It is well-behaved unless `hostile` says otherwise, see
    `misbehave`; the `impostor` is the context that the port then may show for a while.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        scale: float = 1,
        time_entries: int | None = None,
        today: date = TODAY,
        latency_ms: float = 0,
        limits: bool = True,
        clock: Callable[[], float] = time.monotonic,
        host: str = "127.0.0.1",
        port: int = 0,
        id_port: int | None = None,
        access_token_s: float = 1_209_600,
        rotate_refresh_tokens: bool = True,
        pkce: bool = True,
        tls: ssl.SSLContext | None = None,
        impostor: ssl.SSLContext | None = None,
        hostile: Schedule | None = None,
    ) -> None:
        self._plans = plans(seed=seed, scale=scale, today=today, time_entries=time_entries)
        self._latency_ms = latency_ms
        self._limits = limits
        self._clock = clock
        self._authority = Authority(access_token_s=access_token_s, rotate=rotate_refresh_tokens, pkce=pkce, clock=clock)
        ports = [port] if id_port is None else [port, id_port]
        self._listener = Listener(host, ports, tls=tls, impostor=impostor)
        self._hostile = hostile
        self._lock = threading.RLock()
        self._generated: dict[int, Account] = {}
        self._serving: Server | None = None
        self._injector: Hostility | None = None

    @property
    def _accounts(self) -> dict[int, Account]:
        with self._lock:
            if not self._generated:
                self._generated = {plan.account_id: Account(plan, found(plan)) for plan in self._plans}
            return self._generated

    @property
    def _server(self) -> Server:
        # Imported here, so that importing the package does not load aiohttp.
        from harvest_duck.sandbox.api.server import Server  # noqa: PLC0415

        with self._lock:
            if self._serving is None:
                self._serving = Server(
                    self._accounts,
                    self._authority,
                    latency_ms=self._latency_ms,
                    limits=self._limits,
                    clock=self._clock,
                )
                if self._hostile is not None:
                    self._misled(self._serving, self._hostile)
            return self._serving

    @property
    def base_url(self) -> str:
        """The URL that stands for https://api.harvestapp.com/v2; RuntimeError unless the sandbox runs."""
        return f"{self._listener.origin(0)}/v2"

    @property
    def id_url(self) -> str:
        """The URL that stands for https://id.getharvest.com; RuntimeError unless the sandbox runs."""
        return self._listener.origin(-1)

    def connection_string(self, *, role: str = "administrator", account_id: int = MAIN_ID) -> str:
        """The connection string for `account_id` here, as a user with `role`; LookupError for an unknown role."""
        token = token_for(role, account_id)
        return f"AccountId={account_id};APIKey={token};BaseURL={self.base_url};IdURL={self.id_url}"

    def oauth_connection_string(
        self, *, account_id: int | None = MAIN_ID, callback_port: int = 8765, initiate: str = "GETANDREFRESH"
    ) -> str:
        """The connection string for signing in here; the account may be left for the sign-in to tell."""
        account = "" if account_id is None else f"AccountId={account_id};"
        client = f"OAuthClientId={OAUTH_CLIENT_ID};OAuthClientSecret={OAUTH_CLIENT_SECRET}"
        callback = f"CallbackURL=http://localhost:{callback_port}/callback"
        urls = f"BaseURL={self.base_url};IdURL={self.id_url}"
        return f"{account}AuthScheme=OAuth;InitiateOAuth={initiate};{client};{callback};{urls}"

    def issue_tokens(self, role: str = "administrator", *, scope: str = EVERYTHING) -> IssuedTokens:
        """The tokens of a person who signs in without the pages; LookupError or ValueError for unknown ones."""
        return self._authority.sign_in(role, scope)

    def expire_access_tokens(self) -> None:
        """End the access tokens issued so far; refresh tokens stay good."""
        self._authority.expire_access_tokens()

    def revoke_tokens(self) -> None:
        """End whatever was issued so far, as if the person withdrew the application at Harvest ID."""
        self._authority.revoke()

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests that came, oldest first; live."""
        return self._server.requests

    def clear_log(self) -> None:
        """Forget the requests that came so far."""
        self._server.requests.clear()

    @property
    def latency_ms(self) -> float:
        """The delay of each answer, in milliseconds; may be set while the sandbox runs."""
        return self._server.latency_ms

    @latency_ms.setter
    def latency_ms(self, value: float) -> None:
        self._server.latency_ms = value

    @property
    def on_request(self) -> Hook | None:
        """An async callable that may answer a request (`aiohttp.web.BaseRequest`) in the sandbox's stead, or None."""
        return self._server.on_request

    @on_request.setter
    def on_request(self, hook: Hook | None) -> None:
        self._server.on_request = hook

    def respond_next(
        self,
        path_prefix: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        body: object = None,
        times: int = 1,
    ) -> None:
        """Answer the next `times` requests whose path begins with `path_prefix` like this, whoever sends them.

        `body` is bytes, text, or what `json` can write; None is empty. The path counts with or without `/v2`.
        """
        match body:
            case None:
                content = b""
            case bytes():
                content = body
            case str():
                content = body.encode()
            case _:
                content = encode(body)
        self._server.forcing.add(Forced(path_prefix, status, dict(headers or {}), content, times))

    def clear_responses(self) -> None:
        """Force none of the answers still waiting from `respond_next`."""
        self._server.forcing.clear()

    def misbehave(self, schedule: Schedule) -> None:
        """Commit the faults of `schedule` from now on, whose count of requests begins; an earlier one ends."""
        self.behave()
        self._misled(self._server, schedule)

    def behave(self) -> None:
        """Commit no faults any more: the records are as they were, and the port is open."""
        self._server.interceptor = None
        injector, self._injector = self._injector, None
        if injector is not None:
            injector.restore()
            self.reopen()

    @property
    def committed(self) -> list[Committed]:
        """The faults that were committed since `misbehave`, oldest first; live."""
        return [] if self._injector is None else self._injector.committed

    def reopen(self) -> None:
        """Listen again where a fault shut the port or let an impostor answer, which otherwise takes a second."""
        self._listener.reopen(self._server)

    def _misled(self, server: Server, schedule: Schedule) -> None:
        from harvest_duck.sandbox.faults.injector import Hostility  # noqa: PLC0415 - it loads aiohttp

        self._injector = Hostility(schedule, server)
        server.interceptor = self._injector.answer

    def account(self, account_id: int) -> Account:
        """The account with that id; LookupError where the sandbox has none."""
        try:
            return self._accounts[account_id]
        except KeyError:
            raise LookupError(f"no account {account_id} in the sandbox") from None

    def records(self, account_id: int, table: str) -> list[Record]:
        """The records of a table as they are served, decimals as `decimal.Decimal`; to change them, use `replace`.

        Records of child tables carry the id that their path has (`invoice_id`), embedded ones the ids around them; `me`
        and `my_project_assignments` are the administrator's. LookupError for unknown tables, and for reports, which
        `report` computes.
        """
        if table == "accounts":
            names = {plan.account_id: plan.name for plan in self._plans}
            return account_records(TOKENS[ADMINISTRATOR_TOKEN], names)
        return self.account(account_id).records(table)

    def replace(self, account_id: int, table: str, records: list[Record]) -> None:
        """Serve `records` as `table` from now on; ValueError where they follow from another table.

        Each needs an `id`, and the owner's id in child tables; other keys may be missing or null.
        """
        self.account(account_id).replace(table, records)

    def report(
        self,
        account_id: int,
        name: str,
        start: date,
        end: date,
        *,
        include_fixed_fee: bool | None = None,
        role: str = "administrator",
    ) -> list[Record]:
        """The rows of a report such as `report_time_clients` from `start` to `end`, both included, for a `role`."""
        account = self.account(account_id)
        seat = TOKENS[token_for(role, account_id)].seats[account_id]
        viewer = Viewer(account, account.founders[seat]["id"])
        return report(viewer, name, start, end, include_fixed_fee=include_fixed_fee)

    def start(self) -> Self:
        """Listen, on a thread of its own; nothing where the sandbox runs already. OSError where the port is taken."""
        self._listener.start(self._server)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; nothing where the sandbox does not run."""
        self._listener.stop()

    def wait(self) -> None:
        """Block until the sandbox stops; Ctrl-C gets through."""
        self._listener.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
