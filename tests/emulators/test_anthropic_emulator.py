"""The emulated Messages API as the vendor's own SDK sees it, on Trio."""

import time
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import anthropic
import httpx
import pytest
import trio
from anthropic import AsyncAnthropic
from anthropic.types import MessageParam, ToolParam

from ops.emulators.anthropic_api import AnthropicEmulator
from ops.emulators.anthropic_api_stream import answer, due_s, timed_events
from ops.emulators.anthropic_api_usage import CACHE_TTL_S, PromptCache
from ops.emulators.anthropic_api_validation import InvalidRequest, check_request
from ops.emulators.assistant.reply import Call, Reply

HELLO: list[MessageParam] = [{"role": "user", "content": "Добрий день!"}]
SEARCH: ToolParam = {
    "name": "search_tires",
    "description": "Find tyres by size and season.",
    "input_schema": {"type": "object", "properties": {"width": {"type": "integer"}}},
}
USE = {"type": "tool_use", "id": "toolu_1", "name": "search_tires", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "{}"}
type Api = tuple[AnthropicEmulator, str]


@pytest.fixture
async def client(anthropic_api: Api) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(api_key="emulated", base_url=anthropic_api[1], max_retries=0) as client:
        yield client


async def ask(client: AsyncAnthropic, **changes: Any) -> anthropic.types.Message:
    request: dict[str, Any] = {"model": "claude-haiku-4-5", "max_tokens": 400, "messages": HELLO, **changes}
    message: anthropic.types.Message = await client.messages.create(**request)
    return message


async def test_a_streamed_answer(client: AsyncAnthropic) -> None:
    async with client.messages.stream(model="claude-haiku-4-5", max_tokens=400, messages=HELLO) as stream:
        kinds = [event.type async for event in stream if event.type != "text"]
        message = await stream.get_final_message()
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert message.stop_reason == "end_turn"
    assert message.content[0].type == "text"
    assert message.content[0].text.startswith("Добрий день!")
    assert message.usage.output_tokens > 5


async def test_a_streamed_tool_call(client: AsyncAnthropic) -> None:
    messages: list[MessageParam] = [{"role": "user", "content": "зимові шини 215/55 R17"}]
    async with client.messages.stream(
        model="claude-haiku-4-5", max_tokens=400, messages=messages, tools=[SEARCH]
    ) as stream:
        message = await stream.get_final_message()
    text, use = message.content
    assert message.stop_reason == "tool_use"
    assert text.type == "text"
    assert use.type == "tool_use"
    assert use.input == {"width": 215, "profile": 55, "diameter": 17, "season": "winter"}


async def test_the_whole_answer_at_once(client: AsyncAnthropic) -> None:
    message = await ask(client)
    assert message.role == "assistant"
    assert message.stop_reason == "end_turn"


async def test_max_tokens_cuts_the_answer(client: AsyncAnthropic, anthropic_api: Api) -> None:
    anthropic_api[0].settings.script = ["Дуже довга відповідь про шини"]
    message = await ask(client, max_tokens=2)
    assert message.stop_reason == "max_tokens"
    assert message.content[0].type == "text"
    assert message.content[0].text == "Дуже дов"


async def test_scripted_replies_come_first_and_then_the_rules(client: AsyncAnthropic, control: str) -> None:
    script = ["Раз.", {"text": "Два.", "tool_uses": [{"name": "search_tires", "arguments": {"width": 205}}]}]
    async with httpx.AsyncClient() as http:
        await http.put(f"{control}/control/anthropic", json={"script": script})
    first, second, third = [await ask(client) for _ in range(3)]
    assert [block.type for block in second.content] == ["text", "tool_use"]
    assert first.content[0].type == third.content[0].type == "text"
    assert (first.content[0].text, third.content[0].text[:6]) == ("Раз.", "Добрий")


async def test_both_headers_are_required(anthropic_api: Api) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": HELLO}
    async with httpx.AsyncClient(base_url=anthropic_api[1]) as http:
        no_key = await http.post("/v1/messages", json=body, headers={"anthropic-version": "2023-06-01"})
        no_version = await http.post("/v1/messages", json=body, headers={"x-api-key": "k"})
        elsewhere = await http.post("/v1/complete", json=body)
    assert (no_key.status_code, no_key.json()["error"]["type"]) == (401, "authentication_error")
    assert (no_version.status_code, no_version.json()["error"]["type"]) == (400, "invalid_request_error")
    assert elsewhere.json()["error"]["type"] == "not_found_error"


async def test_an_orphaned_tool_call_is_refused_in_the_vendors_words(client: AsyncAnthropic) -> None:
    messages = [*HELLO, {"role": "assistant", "content": [USE]}, {"role": "user", "content": "Ну що?"}]
    with pytest.raises(anthropic.BadRequestError) as refused:
        await ask(client, messages=messages)
    assert "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1." in str(
        refused.value
    )
    assert refused.value.request_id


@pytest.mark.parametrize(
    ("change", "wording"),
    [
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"model": None}, "model: Input should be a valid string"),
        ({"temprature": 1}, "temprature: Extra inputs are not permitted"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "system", "content": "x"}]}, 'messages: Unexpected role "system"'),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages: first message must use the"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have non-empty content"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]}, "non-whitespace text"),
        ({"messages": [{"role": "user", "content": [RESULT]}]}, "unexpected `tool_use_id` found in `tool_result`"),
        ({"messages": [*HELLO, {"role": "assistant", "content": [USE]}]}, "`tool_use` ids were found without"),
        (
            {
                "messages": [
                    *HELLO,
                    {"role": "assistant", "content": [USE]},
                    {"role": "user", "content": [{"type": "text", "text": "first"}, RESULT]},
                ]
            },
            "`tool_use` ids were found without",
        ),
        (
            {
                "messages": [
                    *HELLO,
                    {"role": "assistant", "content": [USE]},
                    {"role": "user", "content": [RESULT]},
                    {"role": "assistant", "content": [USE]},
                    {"role": "user", "content": [RESULT]},
                ]
            },
            "`tool_use` ids must be unique",
        ),
        ({"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [{"name": "x y", "input_schema": {"type": "object"}}]}, "tools.0.custom.name: String should match"),
        ({"tools": [SEARCH, SEARCH]}, "tools: Tool names must be unique."),
        ({"system": [{"type": "text", "text": ""}]}, "system: text content blocks must be non-empty"),
        (
            {"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5},
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
    ],
)
def test_wrong_requests(change: dict[str, Any], wording: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_request({"model": "m", "max_tokens": 5, "messages": HELLO, **change})
    assert wording in str(refused.value)


def test_a_call_answered_in_parts_and_followed_by_words_is_right() -> None:
    other = USE | {"id": "toolu_2"}
    results = [RESULT, RESULT | {"tool_use_id": "toolu_2"}, {"type": "text", "text": "І ще"}]
    messages = [*HELLO, {"role": "assistant", "content": [USE, other]}, {"role": "user", "content": results}]
    check_request({"model": "m", "max_tokens": 5, "messages": messages, "system": "s", "tools": [SEARCH]})


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, anthropic.RateLimitError), (529, anthropic.APIStatusError), (500, anthropic.InternalServerError)],
)
async def test_errors_on_demand(
    client: AsyncAnthropic, anthropic_api: Api, status: int, error: type[anthropic.APIStatusError]
) -> None:
    anthropic_api[0].faults.update(fail_next=1, fail_code=status, retry_after_s=3)
    with pytest.raises(error) as refused:
        await ask(client)
    assert refused.value.status_code == status
    assert refused.value.response.headers["retry-after"] == "3"
    await ask(client)


async def test_a_stream_that_stalls(client: AsyncAnthropic, anthropic_api: Api) -> None:
    anthropic_api[0].faults.stall_after = 5
    seen = 0
    with trio.move_on_after(0.3) as scope:
        stream = await client.messages.create(model="m", max_tokens=400, messages=HELLO, stream=True)
        async for _ in stream:
            seen += 1
    assert scope.cancelled_caught
    # The SDK keeps the ping to itself.
    assert seen == 4
    with trio.fail_after(5):
        while anthropic_api[0].counters()["abandoned"] == 0:  # noqa: ASYNC110 - counted on the emulator's own loop
            await trio.sleep(0.01)


async def test_a_stream_that_breaks(client: AsyncAnthropic, anthropic_api: Api) -> None:
    anthropic_api[0].faults.update(cut_next=1, cut_after=6)
    stream = await client.messages.create(model="m", max_tokens=400, messages=HELLO, stream=True)
    seen = [await anext(stream) for _ in range(5)]
    assert [event.type for event in seen][:2] == ["message_start", "content_block_start"]
    with pytest.raises(Exception, match="incomplete chunked read"):
        await anext(stream)
    await ask(client)


async def test_a_connection_cut_before_the_answer(client: AsyncAnthropic, anthropic_api: Api) -> None:
    anthropic_api[0].faults.cut_next = 1
    with pytest.raises(Exception, match=r"incomplete|Connection"):
        await ask(client)
    await ask(client)


async def test_the_first_token_waits_as_long_as_told(client: AsyncAnthropic, anthropic_api: Api) -> None:
    anthropic_api[0].settings.first_token_ms = 150
    began = time.monotonic()
    await ask(client)
    assert time.monotonic() - began >= 0.15


def test_deltas_are_paced_by_their_place_in_the_answer() -> None:
    text = "а" * 400
    events = list(timed_events(answer(Reply(text), model="m", max_tokens=400, input_usage={})))
    assert events[0].at_tokens == 0
    assert events[-1].at_tokens == 100
    assert due_s(events[-1], first_token_ms=300, tokens_per_second=50) == pytest.approx(2.3)
    assert due_s(events[-1], first_token_ms=300, tokens_per_second=0) == pytest.approx(0.3)


def test_a_cut_text_loses_its_tool_calls() -> None:
    cut = answer(Reply("а" * 100, (Call("x", {}),)), model="m", max_tokens=5, input_usage={})
    assert cut.stop_reason == "max_tokens"
    assert [block["type"] for block in cut.content] == ["text"]


def test_the_prompt_cache_is_written_read_and_forgotten() -> None:
    system = [{"type": "text", "text": "правило " * 1000, "cache_control": {"type": "ephemeral"}}]
    body = {"model": "m", "max_tokens": 5, "messages": HELLO, "system": system}
    cache = PromptCache()
    first, second = cache.usage(body, now=0), cache.usage(body, now=10)
    assert first["cache_creation_input_tokens"] == second["cache_read_input_tokens"] > 2000
    assert first["cache_read_input_tokens"] == second["cache_creation_input_tokens"] == 0
    assert first["input_tokens"] == second["input_tokens"] < 30
    assert cache.usage(body, now=11 + CACHE_TTL_S)["cache_read_input_tokens"] == 0
    short = body | {"system": [{"type": "text", "text": "коротко", "cache_control": {"type": "ephemeral"}}]}
    assert cache.usage(short, now=0)["cache_creation_input_tokens"] == 0


async def test_the_date_of_the_shop_reaches_the_rules(client: AsyncAnthropic, shop_clock: Any) -> None:
    assert shop_clock.today() == date(2026, 11, 23)
    tools: list[ToolParam] = [{**SEARCH, "name": name} for name in ("get_fitting_stations", "get_fitting_slots")]
    station = {"id": "FS-3", "name": "Шиномонтаж", "address": "Львів"}
    messages = [
        {"role": "user", "content": "Запишіть на шиномонтаж у Львові на завтра"},
        {"role": "assistant", "content": [USE | {"name": "get_fitting_stations", "input": {"city": "Львів"}}]},
        {"role": "user", "content": [RESULT | {"content": f'{{"stations": [{str(station).replace("'", '"')}]}}'}]},
    ]
    message = await ask(client, messages=messages, tools=tools)
    use = message.content[-1]
    assert use.type == "tool_use"
    assert use.input == {
        "station_id": "FS-3",
        "date_from": "2026-11-24",
        "date_to": "2026-11-24",
        "service_type": "tire_change",
    }
