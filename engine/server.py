"""The composition root: builds everything, listens, answers calls, drains.

Order matters. The line and the web listen first (a probe can be answered), vendors are warmed up, and only then is the
engine ready: the first call after a start is as fast as any other. On stop no new call is admitted, the calls in
progress finish within `drain_seconds`, and who is left goes to an operator.
"""

import gc
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import ModuleType
from uuid import UUID

import trio

from engine.cache import Cache
from engine.call.call import run_call
from engine.call.events import CallEvent, Observer
from engine.call.record_keeper import RecordKeeper
from engine.call.services import Services
from engine.call.session import SessionStore
from engine.config import Config
from engine.database import Database
from engine.dialogue.prompts import load, packaged_instructions
from engine.dialogue.tools.toolbox import Toolbox
from engine.keeping import Keeping, engine_name
from engine.knowledge.opening import open_for_calls, warn_if_empty
from engine.knowledge.search import Knowledge
from engine.log import get_logger
from engine.pbx.lateness import Lateness, watch_lateness
from engine.pbx.opening import open_operators
from engine.pbx.operators import Operators
from engine.pbx.registry import CallRegistry
from engine.pbx.shared_registry import SharedRegistry, open_registry
from engine.probing import guarded
from engine.records.cost import price_of
from engine.records.engine_name import held_name
from engine.records.partitions import watch as watch_partitions
from engine.records.prompt_choice import PromptChoice
from engine.records.prompt_versions import remember
from engine.records.spool import Spool, open_spool
from engine.records.spool_folder import spool_root
from engine.speech.continuous import ContinuousRecognizer
from engine.speech.phrases import PhraseCache
from engine.speech.verbalize import verbalize
from engine.store.client import StoreClient
from engine.transport.audiosocket import AudioSocketTransport
from engine.transport.listener import serve_audiosocket
from engine.transport.poller import Poller
from engine.transport.realtime import take_priority
from engine.transport.ticker import open_clock, run_ticker
from engine.warmup import Vendors, load_once, warm_up
from engine.web.api import Backend
from engine.web.api.backend import Jobs
from engine.web.app import create_app, create_metrics_app
from engine.web.auth import Guard
from engine.web.beside import run_beside
from engine.web.health import Readiness
from engine.web.serve import serve_web
from engine.web.vitals import show_vitals

log = get_logger("server")

HAND_OVER_SECONDS = 15.0
"""For the last sentence and the way to an operator, of all who are left when the drain is over."""
ASKED_SECONDS = 1.0
"""After the last call we stay for the dialplan's question what became of it: with no answer a caller who has said
goodbye would be put through to an operator."""


type OpenVendors = Callable[[Config], AbstractAsyncContextManager[Vendors]]


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the engine can be reached."""

    audiosocket: tuple[str, int]
    http_port: int
    metrics_port: int
    readiness: Readiness


def import_vendors() -> ModuleType:
    """The vendors' SDKs take a second or two to import: do it in a thread, beside whatever else starts."""
    from engine import vendors

    return vendors


@asynccontextmanager
async def open_vendors(config: Config) -> AsyncGenerator[Vendors]:
    """Google speech and Anthropic."""
    module = await trio.to_thread.run_sync(import_vendors)
    async with module.open_vendors(config) as vendors:
        yield vendors


async def serve(
    config: Config,
    *,
    stop: trio.Event,
    vendors: OpenVendors = open_vendors,
    observers: Sequence[Observer] = (),
    jobs: Jobs | None = None,
    shared: bool = False,
    task_status: trio.TaskStatus[Listening] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer calls until `stop` is set, then drain. `task_status` reports once ready to take a call. `shared`: as one
    of several processes on the same ports, the metrics at a port of our own, on loopback."""
    local = CallRegistry(config.call.max_calls, trio.current_time)
    readiness = Readiness(local, lateness=Lateness(config.call.max_lateness_ms / 1000))
    async with (
        _data(config) as (database, spool, cache, name),
        open_registry(local, config.redis, readiness.reasons) as registry,
        trio.open_nursery() as nursery,
    ):
        backend = Backend(config, Guard(config.http, database), jobs)
        app = create_app(config.http, registry, readiness, backend)
        web = await nursery.start(partial(serve_web, shared=shared), config.http, app, create_metrics_app())
        nursery.start_soon(registry.run, name="registry")
        nursery.start_soon(show_vitals, config, readiness, database, name="vitals")
        keeping = Keeping(config, database, spool, name)
        nursery.start_soon(keeping.run, name="keeping")
        if database is not None:
            nursery.start_soon(watch_partitions, database, name="partitions")

        def ready(address: tuple[str, int]) -> None:
            _quiet_collector()
            readiness.warmed_up = True
            nursery.start_soon(watch_lateness, readiness.lateness, name="lateness")
            log.info("ready", audiosocket=f"{address[0]}:{address[1]}", http=web.http, metrics=web.metrics)
            task_status.started(Listening(address, web.http, web.metrics, readiness))

        async with (
            vendors(config) as parts,
            StoreClient(config.store) as store,
            open_for_calls(config, database) as knowledge,
        ):
            everyone = (RecordKeeper(keeping.writer, keeping.engine).observe, *observers)
            operators, ours = open_operators(config, nursery), guarded(parts)
            readiness.ill = ours.ill
            nursery.start_soon(ours.probe_ill, name="probes")
            instructions = PromptChoice(packaged := packaged_instructions(config.call.language))
            services = await _services(
                config, ours.vendors, store, knowledge, registry, cache, keeping, everyone, operators, instructions
            )
            if database is not None:
                nursery.start_soon(warn_if_empty, database, name="articles")
                nursery.start_soon(remember, database, packaged, name="prompt version")
                nursery.start_soon(instructions.run, database, name="instructions")
            nursery.start_soon(run_beside, backend, web.http, services.live, services.sessions, knowledge, name="api")
            async with trio.open_nursery() as recovery:
                recovery.start_soon(keeping.keep_recovering, store, name="recovery")
                await _answer_calls(config, services, ready, stop, shared)
                recovery.cancel_scope.cancel()
        await _settle(keeping, local)
        nursery.cancel_scope.cancel()


async def _answer_calls(
    config: Config, services: Services, ready: Callable[[tuple[str, int]], None], stop: trio.Event, shared: bool
) -> None:
    """Listen, report `ready`, and drain once told to stop. The clock and the poller outlive the last call, which needs
    them to say goodbye on the wire."""
    take_priority(config.call.realtime_priority)
    with Poller() as poller:
        async with trio.open_nursery() as media:
            media.start_soon(poller.run, name="poller")
            media.start_soon(run_ticker, services.clock, name="media clock")
            async with trio.open_nursery() as line:
                line.start_soon(services.voice.warm_all, map(verbalize, services.texts.fixed_phrases()), name="phrases")
                listen = partial(serve_audiosocket, poller=poller, reuse_port=shared)
                ready(await line.start(listen, config.audiosocket, partial(_take_call, services=services)))
                await stop.wait()
                await _drain(services, config.call.drain_seconds)
                line.cancel_scope.cancel()
            media.cancel_scope.cancel()


async def _take_call(transport: AudioSocketTransport, *, services: Services) -> None:
    await run_call(transport, services)


@asynccontextmanager
async def _data(config: Config) -> AsyncGenerator[tuple[Database | None, Spool | None, Cache, str]]:
    cache = Cache(config.redis)
    try:
        if config.database.url.get_secret_value():
            root = spool_root(config.records, config.database)
            async with open_spool(config.records, config.database) as spool, Database(config.database) as database:
                with held_name(root, engine_name(config)) as name:
                    yield database, spool, cache, name
        else:
            yield None, None, cache, engine_name(config)
    finally:
        with trio.move_on_after(2, shield=True):
            await cache.aclose()


async def _services(
    config: Config, vendors: Vendors, store: StoreClient, knowledge: Knowledge, registry: SharedRegistry, cache: Cache,
    keeping: Keeping, observers: Sequence[Observer], operators: Operators, instructions: PromptChoice,
) -> Services:  # fmt: skip
    texts = load(config.call.language)
    if price_of(config.cost, config.anthropic.model) is None:
        log.warning("model_without_price", model=config.anthropic.model, variable="COST_MODELS")
    voice = PhraseCache(vendors.synthesizer)
    now = datetime.now(config.call.timezone).time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(load_once)
        nursery.start_soon(warm_up, "store", store.ping)
        nursery.start_soon(warm_up, "phrases", partial(voice.warm, map(verbalize, texts.needed_at_once(now))))

    def make_tools(call_id: UUID, caller: str | None) -> Toolbox:
        return Toolbox(
            call_id=call_id, caller_phone=caller, store=store, knowledge=knowledge, actions=keeping.actions,
            operators=operators, save=keeping.writer.save,
            now=lambda: datetime.now(config.call.timezone),
        )  # fmt: skip

    def observe(event: CallEvent) -> None:
        for observer in observers:
            observer(event)

    return Services(
        call=config.call, turn=config.turn, max_tokens=config.anthropic.max_tokens, clock=open_clock(),
        recognizer=ContinuousRecognizer(vendors.recognizer, stream_seconds=config.google.speech_stream_seconds),
        phrases=texts.recognition.phrases, voice=voice, model=vendors.model,
        model_name=config.anthropic.model, instructions=instructions, costs=config.cost,
        texts=texts, make_tools=make_tools,
        sessions=SessionStore(cache, config.call.session_ttl), registry=registry, observe=observe,
        operators=operators,
    )  # fmt: skip


async def _drain(services: Services, seconds: float) -> None:
    """No new calls; those in progress may finish for `seconds`. Whoever is left then hears that an operator goes on,
    and is handed over."""
    services.registry.local.drain()
    log.info("draining", calls=len(services.live), seconds=seconds)
    with trio.move_on_after(seconds):
        await services.live.wait_ended()
    if len(services.live):
        log.warning("handing_over", calls=len(services.live))
    services.live.hand_over()
    with trio.move_on_after(HAND_OVER_SECONDS):
        await services.live.wait_ended()


async def _settle(keeping: Keeping, local: CallRegistry) -> None:
    """What is left to do for calls that are over."""
    await keeping.drain()
    await trio.sleep_until(local.last_ended_at + ASKED_SECONDS)


def _quiet_collector() -> None:
    """What exists after warm-up is permanent: keep full collections from walking it on the media path."""
    gc.collect()
    gc.freeze()
