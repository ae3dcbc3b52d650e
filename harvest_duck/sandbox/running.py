"""The sandbox as a thing to start and stop: `Sandbox`, on a thread of its own, which the command line waits for."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Self

from harvest_duck.sandbox.account import Account
from harvest_duck.sandbox.agency import found, plans
from harvest_duck.sandbox.answers import encode
from harvest_duck.sandbox.faults import Forced, LoggedRequest
from harvest_duck.sandbox.plan import TODAY, Record
from harvest_duck.sandbox.reporting import report
from harvest_duck.sandbox.singletons import account_records
from harvest_duck.sandbox.tokens import ADMINISTRATOR_TOKEN, MAIN_ID, TOKENS, token_for
from harvest_duck.sandbox.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from types import TracebackType

    from harvest_duck.sandbox.server import Hook, Server

__all__ = ["Sandbox"]


class Sandbox:
    """A stand-in for Harvest on the loopback interface: `with Sandbox(seed=7) as sandbox: sandbox.base_url`.

    The accounts are generated when first needed: the same `seed`, `scale` and `today` give the same records, and
    `time_entries` sets the exact number of them in the main account. `latency_ms` delays each answer; `limits` enforces
    Harvest's rate limits by `clock`, a count of seconds. Port 0 is a free one; `id_port` opens a second port that the
    ID host's URL then names.
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
    ) -> None:
        self._plans = plans(seed=seed, scale=scale, today=today, time_entries=time_entries)
        self._latency_ms = latency_ms
        self._limits = limits
        self._clock = clock
        self._host = host
        self._ports = [port] if id_port is None else [port, id_port]
        self._lock = threading.RLock()
        self._generated: dict[int, Account] = {}
        self._serving: Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._bound: list[int] = []

    @property
    def _accounts(self) -> dict[int, Account]:
        with self._lock:
            if not self._generated:
                self._generated = {plan.account_id: Account(plan, found(plan)) for plan in self._plans}
            return self._generated

    @property
    def _server(self) -> Server:
        # Imported here, so that importing the package does not load aiohttp.
        from harvest_duck.sandbox.server import Server  # noqa: PLC0415

        with self._lock:
            if self._serving is None:
                self._serving = Server(
                    self._accounts, latency_ms=self._latency_ms, limits=self._limits, clock=self._clock
                )
            return self._serving

    @property
    def base_url(self) -> str:
        """The URL that stands for https://api.harvestapp.com/v2; RuntimeError unless the sandbox runs."""
        return f"{self._origin(0)}/v2"

    @property
    def id_url(self) -> str:
        """The URL that stands for https://id.getharvest.com; RuntimeError unless the sandbox runs."""
        return self._origin(-1)

    def _origin(self, position: int) -> str:
        if not self._bound:
            raise RuntimeError("the sandbox does not run: use it as a context manager, or call start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._bound[position]}"

    def connection_string(self, *, role: str = "administrator", account_id: int = MAIN_ID) -> str:
        """The connection string for `account_id` here, as a user with `role`; LookupError for an unknown role."""
        token = token_for(role, account_id)
        return f"AccountId={account_id};APIKey={token};BaseURL={self.base_url};IdURL={self.id_url}"

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
        with self._lock:
            if self._thread is None:
                server, ready = self._server, Future[None]()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._run(server, ready)), name="harvest-sandbox", daemon=True
                )
                self._thread.start()
                try:
                    ready.result()
                except BaseException:
                    self.stop()
                    raise
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; nothing where the sandbox does not run."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            if self._loop is not None and self._ending is not None:
                self._loop.call_soon_threadsafe(self._ending.set)
            thread.join()
            self._loop = self._ending = None
            self._bound = []

    async def _run(self, server: Server, ready: Future[None]) -> None:
        """Serve until told to end; `ready` learns when the ports are open, or why they are not."""
        from aiohttp import web  # noqa: PLC0415 - as in _server

        runner = web.ServerRunner(web.Server(server, access_log=None), shutdown_timeout=0.1)
        ending = asyncio.Event()
        try:
            await runner.setup()
            for port in self._ports:
                await web.TCPSite(runner, self._host, port).start()
            self._bound = [address[1] for address in runner.addresses]
            self._loop, self._ending = asyncio.get_running_loop(), ending
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits
            ready.set_exception(error)
        else:
            ready.set_result(None)
            await ending.wait()
        finally:
            await runner.cleanup()

    def wait(self) -> None:
        """Block until the sandbox stops; Ctrl-C gets through."""
        while (thread := self._thread) is not None and thread.is_alive():
            thread.join(timeout=1)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
