"""The remote control of the emulators: their faults, their settings and what they counted, over HTTP.

`GET /control` shows everything; `GET /control/{emulator}` one; `PUT` or `POST /control/{emulator}` sets fields of its
faults or its settings by name; `DELETE` resets both and the counters. Tests, the demo and a curious developer with curl
are its clients; it is never faulty itself.
"""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Protocol

from fastapi import Body, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse

from ops.emulators.faults import Faults
from ops.emulators.http_server import FaultyApp, HttpServer

type Values = Annotated[dict[str, Any], Body()]


class Settings(Protocol):
    """A mutable dataclass of an emulator's own settings, every field with a default."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class Counting(Protocol):
    """What every emulator has for the control."""

    faults: Faults

    def counters(self) -> Mapping[str, Any]:
        """What happened so far, as JSON: requests, checksum errors, the last orders."""
        ...

    def reset_counters(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Controlled:
    """One emulator, and its settings if it has any."""

    emulator: Counting
    settings: Settings | None = None

    def state(self) -> dict[str, Any]:
        return {
            "faults": self.emulator.faults.as_dict(),
            "settings": {} if self.settings is None else asdict(self.settings),
            "counters": dict(self.emulator.counters()),
        }

    def change(self, values: Mapping[str, Any]) -> None:
        """Raises `ValueError` on a name that is neither a setting nor a fault."""
        own = set() if self.settings is None else {field.name for field in fields(self.settings)}
        self.emulator.faults.update(**{name: value for name, value in values.items() if name not in own})
        for name in own & values.keys():
            setattr(self.settings, name, values[name])

    def reset(self) -> None:
        self.emulator.faults.reset()
        self.emulator.reset_counters()
        for field in () if self.settings is None else fields(self.settings):
            fresh = field.default if field.default_factory is MISSING else field.default_factory()
            setattr(self.settings, field.name, fresh)


def control_app(emulators: Mapping[str, Controlled]) -> FastAPI:
    """The control over the emulators given by name."""
    app = FastAPI(title="Emulator control", openapi_url=None)

    def chosen(name: str) -> Controlled:
        if name not in emulators:
            raise HTTPException(404, f"no emulator {name!r}; there are {', '.join(sorted(emulators))}")
        return emulators[name]

    @app.get("/control")
    async def show_all() -> dict[str, Any]:
        return {name: emulator.state() for name, emulator in emulators.items()}

    @app.get("/control/{name}")
    async def show(name: str) -> dict[str, Any]:
        return chosen(name).state()

    @app.put("/control/{name}")
    @app.post("/control/{name}")
    async def change(name: str, values: Values) -> dict[str, Any]:
        try:
            chosen(name).change(values)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        return chosen(name).state()

    @app.delete("/control/{name}")
    async def reset(name: str) -> dict[str, Any]:
        chosen(name).reset()
        return chosen(name).state()

    return app


def control_server(emulators: Mapping[str, Controlled]) -> HttpServer:
    return HttpServer(FaultyApp(control_app(emulators), Faults(), _never_refused))


def _never_refused(status: int, retry_after_s: float | None) -> Response:
    return JSONResponse({}, status)
