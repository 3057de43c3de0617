"""The server in FastAPI: its routes, who may use them, and what a request may cost."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.http import schema, upload
from components.http.metrics import Metrics
from components.http.refusal import RefusedError
from components.http.service import Service
from components.http.worker import Outcome

#: The description; its commands are for the address that it was called by.
ABOUT = """Predict the genre of songs.

```sh
curl -F songs=@song.mp3 -F songs=@other.flac {address}predict
curl --data-binary @song.mp3 -H 'Content-Type: audio/mpeg' {address}predict
```
"""
#: Bytes of a refused body that are read and thrown away: closed with more of it, a connection loses the response.
LINGER_BYTES = 64_000_000
#: Seconds in which they are.
LINGER = 5.0
#: Swagger UI's files, which FastAPI would load from a content network.
ASSETS = "fastapi_standalone_docs"
#: Where a request brings the key.
HEADER = APIKeyHeader(name="X-API-Key", auto_error=False)
BEARER = HTTPBearer(auto_error=False, description="The same key")


@dataclass
class State:
    """How many requests are in progress, where their songs are, and why the server could not start."""

    requests: int = 0
    folder: Path = Path()
    failure: Exception | None = None


class Counted:
    """Counts the responses to ``/predict`` by status, and takes HEAD wherever GET is taken.

    Starlette's own ``BaseHTTPMiddleware`` would hand on each part of a body through a task of its own, which takes more
    processor time than to write it to disk.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.metrics.requests.labels(str(message["status"])).inc()
            await send(message)

        is_counted = scope["type"] == "http" and scope["path"] == "/predict"
        if scope.get("method") == "HEAD":
            # Monitors send it; the server leaves out the body.
            scope = {**scope, "method": "GET"}
        try:
            await self.app(scope, receive, counted if is_counted else send)
        except Exception:
            # Responded to outside of this, see :func:`_explain`.
            if is_counted:
                self.metrics.requests.labels("500").inc()
            raise


class OwnHosts:
    """Refuses a request for another host, by Starlette's check, with a reason in place of its plain text."""

    def __init__(self, app: ASGIApp, *, hosts: list[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        own = []

        async def passed(*_: object) -> None:
            own.append(True)

        async def unsent(_: Message) -> None:
            return None

        check = TrustedHostMiddleware(passed, allowed_hosts=self.hosts, www_redirect=False)
        await check(scope, receive, unsent)
        if own:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        await _linger(request)
        reason = f"Host is {request.headers.get('host', '')!r}; valid: {', '.join(self.hosts)}"
        await _json({"reason": reason}, status=400)(scope, receive, send)


def build(
    service: Service, *, hosts: list[str], stop: Callable[[], None], opened: Callable[[], None] = lambda: None
) -> FastAPI:
    """Build the app; it opens the service when it starts, and closes it when it stops.

    Parameters
    ----------
    service : Service
        Not opened yet.
    hosts : list of str
        Names that a request may call this server by: a page elsewhere that has a name of its own point to this machine
        is refused. ``*`` takes all.
    stop : callable
        Called if the service cannot be opened; ``app.state.own.failure`` then says why.
    opened : callable
        Called once it is.
    """
    state = State()
    app = FastAPI(
        title="Genre",
        version=version("genre-workflow"),
        lifespan=_lifespan(service, state, stop=stop, opened=opened),
        dependencies=[Depends(_of_this_origin), Depends(_only_known)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        openapi_tags=[{"name": "predict"}, {"name": "state"}],
    )
    app.state.own = state
    app.add_middleware(OwnHosts, hosts=hosts)
    app.add_middleware(Counted, metrics=service.metrics)
    _explain(app)
    _describe(app)
    allowed = [Depends(_key(service.settings.api_key.get_secret_value()))]

    @app.get("/health", response_model=schema.Health, tags=["state"], summary="Whether the server runs")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get(
        "/ready",
        response_model=schema.Ready,
        responses={503: schema.RESPONSES[503]},
        tags=["state"],
        summary="Whether a model is loaded, and which",
    )
    async def ready() -> dict[str, Any]:
        return {"status": "ready", "model": _loaded(service), "problem": service.problem}

    @app.get("/metrics", dependencies=allowed, tags=["state"], summary="Metrics, in Prometheus' text format")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.post(
        "/predict",
        dependencies=allowed,
        responses=schema.RESPONSES,
        openapi_extra={"requestBody": schema.BODY},
        tags=["predict"],
        summary="Predict the genre of one song or several",
    )
    async def predict(
        request: Request,
        timeline: Annotated[bool, Query(description="The genre of each segment, too")] = True,
        name: Annotated[str, Query(description="What to call a song that is sent as a raw body")] = "",
    ) -> Response:
        most = service.settings.max_requests
        if state.requests >= most:
            raise RefusedError(
                429,
                f"{most} requests are in progress; valid: again in a second",
                headers={"Retry-After": "1"},
            )
        _loaded(service)
        state.requests += 1
        try:
            with service.metrics.in_progress.track_inprogress(), service.metrics.request_seconds.time():
                with service.receiving():
                    songs = await _received(request, state.folder, name=name, service=service)
                try:
                    service.metrics.received.inc(sum(song.bytes for song in songs))
                    model, outcomes = await service.predictions(songs)
                finally:
                    upload.remove(songs)
        finally:
            state.requests -= 1
        return _response(model, outcomes, timeline=timeline)

    return app


def _lifespan(
    service: Service, state: State, *, stop: Callable[[], None], opened: Callable[[], None]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return what opens the service when the app starts, and closes it when it stops; see :func:`build`."""

    async def run() -> None:
        try:
            await service.open()
        except Exception as error:  # noqa: BLE001 - raised anew once the server has stopped
            state.failure = error
            stop()
            return
        opened()
        await service.watch()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(run())
        # One for all requests: to make and remove one for each holds up all others.
        with upload.folder() as folder:
            state.folder = folder
            try:
                yield
            finally:
                task.cancel()
                # Also where a second interrupt ends the wait for requests.
                service.close()
        with suppress(asyncio.CancelledError):
            await task

    return lifespan


async def _of_this_origin(request: Request) -> None:
    """Refuse what a page of another origin sends: browsers let it, and only keep the response from it.

    As Go's ``http.CrossOriginProtection``: by ``Sec-Fetch-Site``, and by ``Origin`` where a browser does not send it.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = (
        site in ("same-origin", "none")
        if site
        else origin is None or _host(origin) == request.headers.get("host")
    )
    if request.method == "POST" and not own:
        raise RefusedError(
            403, f"a page of {origin or 'another site'} sent it; valid: this server's own page, or a program"
        )


def _host(origin: str) -> str:
    return origin.partition("://")[2]


async def _only_known(request: Request) -> None:
    """Refuse options that the route does not know: one that is misspelt would change nothing."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            raise RefusedError(
                422, f"{name!r} is no option of {request.url.path}; valid: {', '.join(known) or 'none'}"
            )
        if given.count(name) > 1:
            raise RefusedError(422, f"{name} is there {given.count(name)} times; valid: once")


def _loaded(service: Service) -> schema.Model:
    if service.model is None or service.stopped:
        reason = f"{service.stopped or 'the model is being loaded'}; valid: again when /ready is 200"
        raise RefusedError(503, reason, headers={"Retry-After": "2"})
    return service.model


async def _received(request: Request, folder: Path, *, name: str, service: Service) -> list[upload.Song]:
    content_type = request.headers.get("content-type", "")
    settings = service.settings
    upload.check_headers(request.headers, settings=settings)
    try:
        async with asyncio.timeout(settings.upload_timeout):
            return await upload.receive(
                request.stream(), content_type=content_type, folder=folder, settings=settings, name=name
            )
    except TimeoutError as error:
        reason = f"the body did not arrive within {settings.upload_timeout:g} s"
        raise RefusedError(408, reason, headers={"Connection": "close"}) from error


def _response(model: schema.Model, outcomes: list[Outcome], *, timeline: bool) -> Response:
    """Respond with every song; where none has a prediction, with the status that all have, or 422."""
    songs = []
    for outcome in outcomes:
        song = outcome.song if outcome.status == 200 else outcome.song | {"status": outcome.status}
        songs.append({key: value for key, value in song.items() if timeline or key != "timeline"})
    statuses = {outcome.status for outcome in outcomes}
    if 200 in statuses:
        return _json({"model": model.model_dump(), "songs": songs}, status=200)
    reason = "; ".join(f"{song['file']}: {song['reason']}" for song in songs)
    return _json({"reason": reason, "songs": songs}, status=statuses.pop() if len(statuses) == 1 else 422)


def _json(content: object, *, status: int, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return Response(text, status_code=status, media_type="application/json", headers=headers)


def _key(expected: str) -> Callable[..., None]:
    """Return what refuses a request without the key; where there is no key, it refuses none."""

    async def check(
        key: Annotated[str | None, Depends(HEADER)],
        token: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> None:
        given = key or (token.credentials if token else "")
        # In constant time: how long it takes must not show how many characters are right.
        if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
            raise RefusedError(
                401,
                "the API key is missing or wrong; valid: the header X-API-Key, or Authorization: Bearer",
                headers={"WWW-Authenticate": "Bearer"},
            )

    async def anybody() -> None:
        return None

    return check if expected else anybody  # type: ignore[return-value]


def _explain(app: FastAPI) -> None:
    """Give every response without a prediction the form of :class:`components.http.schema.Refusal`."""

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        if error.status != 408:
            # Of a body that does not come there is nothing to read.
            await _linger(request)
        return _json({"reason": error.reason}, status=error.status, headers=error.headers)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        reason = f"{request.method} {request.url.path}: {error.detail}; valid: POST /predict, GET /docs"
        return _json({"reason": reason}, status=error.status_code, headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        await _linger(request)
        # The one option that is no text.
        faults = (f"{fault['loc'][-1]} is {fault['input']!r}; valid: true, false" for fault in error.errors())
        return _json({"reason": "; ".join(faults)}, status=422)

    @app.exception_handler(Exception)
    async def failed(_request: Request, error: Exception) -> Response:
        # It is raised again, and so in the server's log.
        return _json(
            {"reason": f"a fault of the server's own, which its log has: {type(error).__name__}"}, status=500
        )

    @app.exception_handler(ClientDisconnect)
    async def gone(_request: Request, _error: ClientDisconnect) -> Response:
        # Nobody reads it; it is counted.
        return _json({"reason": "the client is gone"}, status=400)


async def _linger(request: Request) -> None:
    """Read what a client that is refused still sends, so that it reads why."""
    if request.headers.get("expect", "").lower() == "100-continue":
        # It waits for the server to send 100 Continue.
        return
    left = LINGER_BYTES
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(LINGER):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    return


def _describe(app: FastAPI) -> None:
    """Serve the API's description, and Swagger UI from files beside it."""

    @app.get("/openapi.json", include_in_schema=False)
    async def description(request: Request) -> Response:
        described = app.openapi()
        about = ABOUT.format(address=request.base_url)
        return JSONResponse(described | {"info": described["info"] | {"description": about}})

    app.mount("/docs/assets", StaticFiles(directory=str(resources.files(ASSETS) / "static" / "swagger")))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="Genre",
            swagger_js_url="docs/assets/swagger-ui-bundle.js",
            swagger_css_url="docs/assets/swagger-ui.css",
            swagger_favicon_url="data:,",
            # A badge would send the description to a server of Swagger's.
            swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True},
        )

    @app.get("/", include_in_schema=False)
    async def root(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("docs")
        return JSONResponse({"predict": "POST /predict", "description": "/docs"})
