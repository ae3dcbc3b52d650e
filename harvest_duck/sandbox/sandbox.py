"""`Sandbox`: start and stop a stand-in for Harvest on a thread of its own, and control what it serves."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Self

from harvest_duck.sandbox.api.permissions import Viewer
from harvest_duck.sandbox.api.reports import report
from harvest_duck.sandbox.api.request_log import ForcedResponse, LoggedRequest
from harvest_duck.sandbox.data.account import Account
from harvest_duck.sandbox.data.generate import generate, profiles
from harvest_duck.sandbox.data.profile import TODAY, Settings
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
from harvest_duck.sandbox.server_thread import ServerThread
from harvest_duck.sandbox.wire import Record, encode

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from datetime import date
    from types import TracebackType

    from harvest_duck.sandbox.api.server import Hook, Server
    from harvest_duck.sandbox.faults.injector import FaultInjector, InjectedFault
    from harvest_duck.sandbox.faults.schedule import Schedule

_NOW = partial(datetime.now, UTC)


class Sandbox:
    """A stand-in for Harvest on the loopback interface: `with Sandbox(seed=7) as sandbox: sandbox.base_url`.

    The accounts are generated on first use: the same `seed`, `scale`, `today` and `settings` give the same records. The
    `settings` are those of the main account, and `time_entries` sets its exact number of time entries. `latency_ms`
    delays each response. `limits` enforces Harvest's rate limits by `clock`, which counts seconds. `now` returns the
    moment in UTC that each answer says in `Date`, and that a changed record has as its `updated_at`; without it that of
    this machine. Port 0 takes a free port; `id_port` opens a second port for the ID host. Access tokens of the ID host
    are valid for `access_token_s` seconds of the `clock`. Without `rotate_refresh_tokens` a refresh token stays the
    same; without `pkce` the sandbox ignores the parameters of PKCE.

    With `tls`, a server-side context, the sandbox speaks HTTPS. `faults` are injected from the start, see `inject`; one
    of them serves with the certificate of `impostor` for a while.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        scale: float = 1,
        time_entries: int | None = None,
        today: date = TODAY,
        settings: Settings | None = None,
        latency_ms: float = 0,
        limits: bool = True,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _NOW,
        host: str = "127.0.0.1",
        port: int = 0,
        id_port: int | None = None,
        access_token_s: float = 1_209_600,
        rotate_refresh_tokens: bool = True,
        pkce: bool = True,
        tls: ssl.SSLContext | None = None,
        impostor: ssl.SSLContext | None = None,
        faults: Schedule | None = None,
    ) -> None:
        self._profiles = profiles(
            seed=seed, scale=scale, today=today, time_entries=time_entries, settings=settings or Settings()
        )
        self._latency_ms = latency_ms
        self._limits = limits
        self._clock = clock
        self._now = now
        self._authority = Authority(access_token_s=access_token_s, rotate=rotate_refresh_tokens, pkce=pkce, clock=clock)
        ports = [port] if id_port is None else [port, id_port]
        self._thread = ServerThread(host, ports, tls=tls, impostor=impostor)
        self._faults = faults
        self._lock = threading.RLock()
        self._generated: dict[int, Account] = {}
        self._serving: Server | None = None
        self._injector: FaultInjector | None = None

    @property
    def _accounts(self) -> dict[int, Account]:
        with self._lock:
            if not self._generated:
                self._generated = {
                    profile.account_id: Account(profile, generate(profile), self._now) for profile in self._profiles
                }
            return self._generated

    @property
    def _server(self) -> Server:
        from harvest_duck.sandbox.api.server import Server  # noqa: PLC0415 - it loads aiohttp

        with self._lock:
            if self._serving is None:
                self._serving = Server(
                    self._accounts,
                    self._authority,
                    latency_ms=self._latency_ms,
                    limits=self._limits,
                    clock=self._clock,
                    now=self._now,
                )
                if self._faults is not None:
                    self._inject(self._serving, self._faults)
            return self._serving

    @property
    def today(self) -> date:
        """The day on which the records end."""
        return self._profiles[0].today

    @property
    def base_url(self) -> str:
        """The URL in place of https://api.harvestapp.com/v2; RuntimeError unless the sandbox runs."""
        return f"{self._thread.origin(0)}/v2"

    @property
    def id_url(self) -> str:
        """The URL in place of https://id.getharvest.com; RuntimeError unless the sandbox runs."""
        return self._thread.origin(-1)

    def connection_string(self, *, role: str = "administrator", account_id: int = MAIN_ID) -> str:
        """Return the connection string for `account_id` as a user with `role`; LookupError for an unknown role."""
        token = token_for(role, account_id)
        return f"AccountId={account_id};APIKey={token};BaseURL={self.base_url};IdURL={self.id_url}"

    def oauth_connection_string(
        self, *, account_id: int | None = MAIN_ID, callback_port: int = 8765, initiate: str = "GETANDREFRESH"
    ) -> str:
        """Return the connection string for a sign-in; with `account_id=None` the sign-in finds the account."""
        account = "" if account_id is None else f"AccountId={account_id};"
        client = f"OAuthClientId={OAUTH_CLIENT_ID};OAuthClientSecret={OAUTH_CLIENT_SECRET}"
        callback = f"CallbackURL=http://localhost:{callback_port}/callback"
        urls = f"BaseURL={self.base_url};IdURL={self.id_url}"
        return f"{account}AuthScheme=OAuth;InitiateOAuth={initiate};{client};{callback};{urls}"

    def issue_tokens(self, role: str = "administrator", *, scope: str = EVERYTHING) -> IssuedTokens:
        """Return tokens without the consent page; LookupError for an unknown role, ValueError for an unknown scope."""
        return self._authority.sign_in(role, scope)

    def expire_access_tokens(self) -> None:
        """End the access tokens issued so far; refresh tokens stay valid."""
        self._authority.expire_access_tokens()

    def revoke_tokens(self) -> None:
        """End all tokens and codes issued so far, as if the person had revoked the application at Harvest ID."""
        self._authority.revoke()

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests received so far, oldest first; the list grows with each request."""
        return self._server.requests

    def clear_log(self) -> None:
        """Forget the requests received so far."""
        self._server.requests.clear()

    @property
    def latency_ms(self) -> float:
        """The delay of each response in milliseconds; it can be set while the sandbox runs."""
        return self._server.latency_ms

    @latency_ms.setter
    def latency_ms(self, value: float) -> None:
        self._server.latency_ms = value

    @property
    def on_request(self) -> Hook | None:
        """An async callable that may answer a request (`aiohttp.web.BaseRequest`) in place of the sandbox, or None."""
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
        """Answer the next `times` requests whose path begins with `path_prefix` with this response.

        `body` is bytes, text, or a value for JSON; None is empty. The prefix may leave out `/v2`.
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
        self._server.forced_responses.add(ForcedResponse(path_prefix, status, dict(headers or {}), content, times))

    def clear_responses(self) -> None:
        """Drop the responses of `respond_next` that have not been sent yet."""
        self._server.forced_responses.clear()

    def inject(self, schedule: Schedule) -> None:
        """Inject the faults of `schedule` in place of an earlier one; the count of requests begins here."""
        self.stop_injecting()
        self._inject(self._server, schedule)

    def stop_injecting(self) -> None:
        """Inject no more faults; changed records are put back, and the port is open."""
        self._server.interceptor = None
        injector, self._injector = self._injector, None
        if injector is not None:
            injector.restore()
            self.reopen()

    @property
    def injected(self) -> list[InjectedFault]:
        """The faults injected since `inject`, oldest first; the list grows with each fault."""
        return [] if self._injector is None else self._injector.injected

    def reopen(self) -> None:
        """Reopen the port after a fault closed it or served with the impostor; by itself it reopens after a second."""
        self._thread.reopen(self._server)

    def _inject(self, server: Server, schedule: Schedule) -> None:
        from harvest_duck.sandbox.faults.injector import FaultInjector  # noqa: PLC0415 - it loads aiohttp

        self._injector = FaultInjector(schedule, server)
        server.interceptor = self._injector.intercept

    def account(self, account_id: int) -> Account:
        """Return the account with that id; LookupError if the sandbox has none."""
        try:
            return self._accounts[account_id]
        except KeyError:
            raise LookupError(f"no account {account_id} in the sandbox") from None

    def records(self, account_id: int, table: str) -> list[Record]:
        """Return the records of a table as they are served, decimals as `decimal.Decimal`.

        Use `replace` to change them. Records of child tables carry the id in their path (`invoice_id`), embedded
        records the ids around them; `me` and `my_project_assignments` are those of the administrator. LookupError for
        an unknown table, and for reports, which `report` computes.
        """
        if table == "accounts":
            names = {profile.account_id: profile.name for profile in self._profiles}
            return account_records(TOKENS[ADMINISTRATOR_TOKEN], names)
        return self.account(account_id).records(table)

    def replace(self, account_id: int, table: str, records: list[Record]) -> None:
        """Serve `records` as `table` from now on; ValueError if the table is derived from another one.

        Each record needs an `id`, and the id of its owner in child tables; other keys may be missing or null.
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
        """Return the rows of a report such as `report_time_clients` from `start` to `end` inclusive, for a `role`."""
        account = self.account(account_id).state
        position = TOKENS[token_for(role, account_id)].user_positions[account_id]
        viewer = Viewer(account, account.token_users[position]["id"])
        return report(viewer, name, start, end, include_fixed_fee=include_fixed_fee)

    def start(self) -> Self:
        """Listen on a thread of its own, unless the sandbox runs already; OSError if the port is taken."""
        self._thread.start(self._server)
        return self

    def stop(self) -> None:
        """Close every connection and end the thread, if the sandbox runs."""
        self._thread.stop()

    def wait(self) -> None:
        """Block until the sandbox stops; KeyboardInterrupt passes through."""
        self._thread.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
