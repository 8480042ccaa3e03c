"""The Anthropic model: the SDK's client on Trio, one streamed request per answer.

Before: `dialogue.agent`. After: api.anthropic.com, or `base_url`.

Time is watched per gap, because streams start and then stall (22 s was seen): `first_event_timeout` until the first
event, connecting included, then `gap_timeout` between any two. Pings do not count: they show that the connection lives,
and the caller waits for words. The SDK's retries are off; the agent retries, knowing what has been said already.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from typing import Final

import anthropic
import httpx2
import trio
from anthropic import AsyncAnthropic

from engine.config import AnthropicConfig
from engine.dialogue.anthropic_wire import VENDOR, AnswerDecoder, request_body
from engine.dialogue.llm import Finished, ModelEvent, ModelRequest, Started, Usage
from engine.dialogue.turnstile import Turnstile
from engine.errors import ModelError, ModelRefused
from engine.log import get_logger
from engine.metrics import TOKENS, VENDOR_ERRORS, VENDOR_SECONDS

log = get_logger("dialogue.anthropic")

_LIMITS: Final = httpx2.Limits(max_connections=500, max_keepalive_connections=100, keepalive_expiry=55)
"""A caller's turns are some ten seconds apart: the default of 5 s would pay a TLS handshake on each."""
_TIMEOUT: Final = httpx2.Timeout(connect=3, write=5, pool=2, read=None)
"""Reading is timed here, per event."""
_DRAIN_SECONDS: Final = 0.2
_RETRYABLE_STATUSES: Final = frozenset({408, 409, 429})
_REFUSALS: Final = frozenset({400, 413, 422})
"""Of what was asked, not of who asks."""


class AnthropicModel:
    """Implements `LanguageModel`. One per process; `aclose` at the end."""

    def __init__(self, config: AnthropicConfig, *, client: AsyncAnthropic | None = None) -> None:
        self._config = config
        self._turnstile = Turnstile()
        self._client = client or AsyncAnthropic(
            # Without a key the SDK would look for credentials of its own around the machine.
            api_key=config.api_key.get_secret_value() or "unset",
            base_url=config.base_url or None,
            max_retries=0,
            http_client=anthropic.DefaultAsyncHttpxClient(limits=_LIMITS, timeout=_TIMEOUT),
        )

    async def warm_up(self) -> None:
        """Pay for DNS, TLS and the SDK's first request before the first call does. Raises `ModelError` when the vendor
        is out of reach or refuses the key; an unknown path is no failure, the connection is warm."""
        with _counted_failures(), _within(trio.current_time() + self._config.first_event_timeout):
            try:
                await self._client.models.list(limit=1)
            except anthropic.NotFoundError:
                log.debug("no_model_list", base_url=str(self._client.base_url))

    async def aclose(self) -> None:
        await self._client.close()

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelEvent]]:
        """See `LanguageModel.stream`."""
        started = trio.current_time()
        async with AsyncExitStack() as stack:
            with _counted_failures(), _within(started + self._config.first_event_timeout):
                body = request_body(request, model=self._config.model)
                await self._turnstile.wait_turn()  # the SDK lays out and copies a request for milliseconds
                opening = self._client.messages.with_streaming_response.create(**body)
                response = (await stack.enter_async_context(opening)).http_response
            chunks, decoder = response.aiter_bytes(), AnswerDecoder()
            stack.push_async_callback(_end, chunks, decoder)
            yield await stack.enter_async_context(aclosing(self._events(chunks, decoder, started)))

    async def _events(
        self, chunks: AsyncGenerator[bytes], decoder: AnswerDecoder, started: float
    ) -> AsyncGenerator[ModelEvent]:
        deadline, seen, first = started + self._config.first_event_timeout, 0, True
        with _counted_failures():
            while not decoder.finished:
                with trio.CancelScope(deadline=deadline) as waiting:
                    chunk = await anext(chunks, b"")
                if waiting.cancelled_caught:
                    raise _stalled()
                if not chunk:
                    raise ModelError(VENDOR, "the stream ended in the middle of an answer", retryable=True)
                for event in decoder.receive(chunk):
                    if first and not isinstance(event, Started):
                        VENDOR_SECONDS.labels(VENDOR).observe(trio.current_time() - started)
                        first = False
                    if isinstance(event, Finished):
                        _count_tokens(event.usage)
                    yield event
                if decoder.progress > seen:
                    deadline, seen = trio.current_time() + self._config.gap_timeout, decoder.progress


async def _end(chunks: AsyncGenerator[bytes], decoder: AnswerDecoder) -> None:
    """After a whole answer, read the end of the response, so that its connection can be used again. After half of one,
    do the same with no patience: httpcore leaves its own generators suspended when only the outermost is closed; a read
    that is cancelled ends them all, and the connection."""
    with trio.move_on_after(_DRAIN_SECONDS if decoder.finished else 0), suppress(httpx2.HTTPError):
        while await anext(chunks, b""):
            pass


@contextmanager
def _within(deadline: float) -> Iterator[None]:
    """`ModelError` when the body is not done by `deadline`."""
    with trio.move_on_at(deadline) as scope:
        yield
    if scope.cancelled_caught:
        raise _stalled()


def _stalled() -> ModelError:
    return ModelError(VENDOR, "stalled", retryable=True)


@contextmanager
def _counted_failures() -> Iterator[None]:
    """The libraries' errors become `ModelError`; every failure is counted, once."""
    try:
        try:
            yield
        except (anthropic.APIError, httpx2.HTTPError) as error:
            raise _model_error(error) from error
    except ModelError as error:
        VENDOR_ERRORS.labels(VENDOR).inc()
        log.warning("model_failed", error=str(error), retryable=error.retryable)
        raise


def _model_error(error: anthropic.APIError | httpx2.HTTPError) -> ModelError:
    if isinstance(error, anthropic.APIStatusError):
        status = error.status_code
        if status in _REFUSALS:
            return ModelRefused(VENDOR, f"{status} {error.message}")
        return ModelError(VENDOR, f"{status} {error.message}", retryable=status >= 500 or status in _RETRYABLE_STATUSES)
    # What remains is the connection: refused, reset, timed out, cut in the middle of the stream.
    return ModelError(VENDOR, f"{type(error).__name__}: {error}", retryable=True)


def _count_tokens(usage: Usage) -> None:
    for kind, count in usage.by_kind().items():
        TOKENS.labels(kind).inc(count)
