"""Serves an ASGI application on the event loop."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Any

from funcpack_invoker.app import App
from funcpack_invoker.applications.asgi_call import AsgiCall
from funcpack_invoker.applications.hooks import hooks_of
from funcpack_invoker.applications.lifespan import Lifespan
from funcpack_invoker.errors import CallTimeoutError
from funcpack_invoker.http.admission import Admission
from funcpack_invoker.http.body import refuse_declared
from funcpack_invoker.http.reception import Reception
from funcpack_invoker.http.response import plain
from funcpack_invoker.http.sending import send
from funcpack_invoker.threads.cancellation import is_being_cancelled

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from funcpack_invoker.app import Place
    from funcpack_invoker.context import Context
    from funcpack_invoker.function.loader import LoadedApplication
    from funcpack_invoker.http.budget import Reservation
    from funcpack_invoker.http.exchange import Exchange
    from funcpack_invoker.http.incoming import IncomingRequest
    from funcpack_invoker.settings import Settings
    from funcpack_invoker.telemetry.observer import Observer

logger = logging.getLogger("funcpack")


class AsgiApp(App):
    """One ASGI application, served."""

    def __init__(
        self, loaded: LoadedApplication, settings: Settings, observer: Observer | None, memory: int | None
    ) -> None:
        admission = Admission.within(memory, settings.max_body, decodes=False)
        super().__init__(loaded.handler, hooks_of(loaded), settings, observer, admission)
        # Even without the hook `start`, there is nothing to stop before the lifespan has started.
        self._hooks.started = False
        self._application = loaded.application
        self._lifespan = Lifespan(loaded.handler, loaded.application)
        self._run = self._call if observer is None else observer.applications(self._call)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether calls go on after their requests were answered."""
        return bool(self._tasks)

    async def _start(self) -> None:
        """Start the application, then run the module's `start`."""
        await self._lifespan.startup()
        await super()._start()

    async def _stop(self) -> None:
        """Run the module's `stop`, then let the application end."""
        await super()._stop()
        await self._lifespan.shutdown()

    async def _end_calls(self) -> None:
        """Cancel the calls that did not end by themselves."""
        if not self._tasks:
            return
        logger.warning("cancelled calls of the application that did not end in time: %d", len(self._tasks))
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def _serve(self, request: IncomingRequest, exchange: Exchange, context: Context, memory: Reservation) -> None:
        """Call the application; return when the response is complete."""
        headers = request.headers
        if b"upgrade" in headers and b"websocket" in headers[b"upgrade"].lower():
            logger.warning("WebSocket connections are not supported: answered %r with 501", request.scope["path"])
            send(exchange, plain(501, "WebSocket connections are not supported"), context.request_id)
            return
        place = self._take_place(memory)
        try:
            if b"content-length" in headers:
                refuse_declared(headers[b"content-length"], self._settings.max_body)
            body = memory if isinstance(memory, Reception) else request.body
            call = AsgiCall(body, exchange, context.request_id, self._settings.max_body)
            await self._run(context, call, self._scope(request), place)
        finally:
            place.leave()

    async def _serve_admitted(
        self, admission: Admission, request: IncomingRequest, exchange: Exchange, context: Context
    ) -> None:
        """Answer a request, even if its body is still arriving."""
        if request.body.is_complete:
            await super()._serve_admitted(admission, request, exchange, context)
            return
        reception = Reception(admission, request)
        try:
            await self._serve(request, exchange, context, reception)
        finally:
            reception.leave()

    async def _call(
        self, _context: Context, call: AsgiCall, scope: dict[str, Any], place: Place | Reservation
    ) -> BaseException | None:
        """Call the application; return why the call failed until its response was complete, None if it did not."""
        place.stay()
        task = _new_task(self._run_application(scope, call, place))
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not call.over.is_set():
            await self._wait(call, task)
        return call.error

    async def _wait(self, call: AsgiCall, task: asyncio.Task[None]) -> None:
        """Wait for the end of the response. If the client leaves, the application learns of it, and the call goes on."""
        timeout = self._settings.timeout
        try:
            if timeout:
                async with asyncio.timeout(timeout):
                    await call.over.wait()
            else:
                await call.over.wait()
        except TimeoutError:
            call.give_up(CallTimeoutError(timeout, "application"))
            task.cancel()
        except asyncio.CancelledError:
            call.over.set()
            if timeout:
                asyncio.get_running_loop().call_later(timeout, task.cancel)
            raise

    async def _run_application(self, scope: dict[str, Any], call: AsgiCall, place: Place | Reservation) -> None:
        try:
            await self._application(scope, call.receive, call.send)
        except BaseException as exc:  # noqa: BLE001 - sys.exit() in an application must not end the worker
            # A cancellation ends a call that takes too long; any other one is an error in the application.
            if not (isinstance(exc, asyncio.CancelledError) and is_being_cancelled()):
                call.end(exc)
        else:
            call.end(None)
        finally:
            place.leave()

    def _scope(self, request: IncomingRequest) -> dict[str, Any]:
        # A copy, because frameworks change it.
        scope = {
            **request.scope,
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "root_path": "",
        }
        if self._lifespan.state is not None:
            scope["state"] = self._lifespan.state.copy()
        return scope


def _new_task(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run a coroutine in a task; from Python 3.12 on, up to its first pause at once, which saves a turn of the loop."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(coroutine, loop=loop, eager_start=True)
    return loop.create_task(coroutine)
