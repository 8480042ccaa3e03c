"""The listener against hostile peers: each leaves one log line and nothing else."""

from collections.abc import Awaitable, Callable
from functools import partial
from ipaddress import ip_network

import pytest
import trio

from engine.audio import RATE, SILENCE_FRAME
from engine.errors import ConfigError
from engine.metrics import REGISTRY
from engine.transport.audiosocket import AudioSocketTransport
from engine.transport.listener import serve_audiosocket
from engine.transport.poller import Poller
from engine.wire.events import Audio, Connected
from tests.conformance import EndOfStream, Recorder, tone, until
from tests.transport.audiosocket_rig import CALL_ID, Caller, configured, hear_out, open_house

IDENTITY = b"\x01\x00\x10" + CALL_ID.bytes


async def half_a_frame(caller: Caller) -> None:
    await caller.stream.send_all(IDENTITY + b"\x10\x01\x40" + bytes(100))
    await caller.hang_up()


async def wrong_first_frame(caller: Caller) -> None:
    await caller.stream.send_all(b"\x10\x01\x40" + bytes(320))


async def not_audiosocket_at_all(caller: Caller) -> None:
    await caller.stream.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


async def nothing(caller: Caller) -> None:
    pass


async def a_slow_drip(caller: Caller) -> None:
    for byte in IDENTITY[:8]:
        await caller.stream.send_all(bytes([byte]))
        await trio.sleep(0.005)


async def a_hang_up_at_once(caller: Caller) -> None:
    await caller.hang_up()


async def a_reset_in_mid_frame(caller: Caller) -> None:
    await caller.stream.send_all(IDENTITY + b"\x10\x01\x40" + bytes(100))
    await trio.sleep(0.02)
    caller.reset()


async def a_second_uuid(caller: Caller) -> None:
    await caller.stream.send_all(IDENTITY * 2)


async def half_a_sample(caller: Caller) -> None:
    await caller.stream.send_all(IDENTITY + b"\x10\x00\x01\x00")


async def an_endless_frame(caller: Caller) -> None:
    await caller.stream.send_all(IDENTITY + b"\x10\xff\xfe" + bytes(1000))


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (half_a_frame, "protocol_error"),
        (wrong_first_frame, "protocol_error"),
        (not_audiosocket_at_all, "protocol_error"),
        (nothing, "uuid_timeout"),
        (a_slow_drip, "uuid_timeout"),
        (a_hang_up_at_once, "eof"),
        (a_reset_in_mid_frame, "reset"),
        (a_second_uuid, "protocol_error"),
        (half_a_sample, "protocol_error"),
        (an_endless_frame, "protocol_error"),
    ],
)
async def test_a_hostile_peer_leaves_one_line(peer: Callable[[Caller], Awaitable[None]], reason: str) -> None:
    before = REGISTRY.get_sample_value("callctl_media_connections_total", {"reason": reason}) or 0
    async with open_house(configured(uuid_timeout=0.1)) as house:
        caller = await house.call()
        await peer(caller)
        await until(lambda: bool(house.ends()))
        await caller.stream.aclose()
    assert house.ends() == [reason]
    assert len(house.logs) == 1
    assert REGISTRY.get_sample_value("callctl_media_connections_total", {"reason": reason}) == before + 1


async def test_a_slow_drip_that_arrives_in_time_is_a_call() -> None:
    async with open_house(configured()) as house:
        caller = await house.call()
        for byte in IDENTITY + b"\x10\x00\x02\x01\x00":
            await caller.stream.send_all(bytes([byte]))
            await trio.sleep(0.001)
        await until(lambda: bool(house.recorders) and len(house.recorders[0].events) == 2)
        assert house.recorders[0].events == [Connected(CALL_ID), Audio(b"\x01\x00", RATE)]
        await caller.hang_up()
    assert house.ends() == ["eof"]


async def test_unknown_frames_and_keypresses_do_not_end_a_call() -> None:
    async with open_house(configured()) as house:
        caller = await house.call()
        await caller.stream.send_all(IDENTITY + b"\x42\x00\x03abc" * 1000 + b"\x03\x00\x015")
        await caller.stream.send_all(b"\x10\x00\x02\x01\x00")
        await until(lambda: bool(house.recorders) and len(house.recorders[0].events) == 3)
        assert house.transports[0].statistics().unknown_frames == 1000
        await caller.hang_up()
    assert house.ends() == ["eof"]


async def test_silence_flows_before_anyone_has_said_anything_and_until_the_clock_takes_over() -> None:
    taken = trio.Event()

    async def handle(transport: AudioSocketTransport) -> None:
        transport.start(lambda event, now: None)
        await taken.wait()
        transport.send_frame_nowait(tone(1))
        await trio.sleep(0.1)
        transport.send_frame_nowait(tone(2))
        await transport.close("done")

    async with open_house(configured(), handle) as house:
        caller = await house.call()
        with trio.fail_after(5):
            assert [await caller.receive_frame() for _ in range(3)] == [SILENCE_FRAME] * 3
            await caller.identify()
            assert [await caller.receive_frame() for _ in range(3)] == [SILENCE_FRAME] * 3
            taken.set()
            while (frame := await caller.receive_frame()) == SILENCE_FRAME:
                pass
            # One owner of outgoing frames: none of ours between two of the clock's.
            assert [frame, await caller.receive_frame()] == [tone(1), tone(2)]
            with pytest.raises(EndOfStream):
                await caller.receive_frame()
        await caller.hang_up()
    assert house.ends() == ["local"]
    assert house.logs[0]["detail"] == "done"


async def test_a_handler_that_fails_ends_its_own_call_only() -> None:
    async def handle(transport: AudioSocketTransport) -> None:
        raise ValueError("a bug in one call")

    async with open_house(configured(), handle) as house:
        for _ in range(2):
            caller = await house.call()
            await caller.identify()
            await hear_out(caller)
        await until(lambda: len(house.ends()) == 2)
    assert [line["event"] for line in house.logs] == ["connection_failed", "connection_closed"] * 2


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"allow": (ip_network("10.0.0.0/8"),)}, "not_allowed"),
        ({"max_connections": 1}, "too_many"),
        ({"max_connections_per_address": 1}, "too_many_from_address"),
    ],
)
async def test_who_is_turned_away(settings: dict[str, object], reason: str) -> None:
    async with open_house(configured(**settings)) as house:
        first = await house.call()
        second = await house.call()
        await until(lambda: reason in house.ends())
        with trio.fail_after(5):
            while await second.stream.receive_some():
                pass
        assert set(house.ends()) == {reason}
        await first.hang_up()
        await second.hang_up()
    # The place is free again once its holder is gone.
    assert house.ends().count("eof") == (0 if reason == "not_allowed" else 1)


async def test_three_hundred_at_once_over_a_limit_of_fifty() -> None:
    callers: list[Caller] = []
    async with open_house(configured(max_connections=50)) as house:

        async def knock() -> None:
            callers.append(await house.call())

        async with trio.open_nursery() as nursery:
            for _ in range(300):
                nursery.start_soon(knock)
        await until(lambda: len(house.ends()) == 250)
        for caller in callers:
            await caller.hang_up()
        await until(lambda: len(house.ends()) == 300)
    assert house.ends().count("too_many") == 250
    assert house.ends().count("eof") + house.ends().count("reset") == 50


async def test_a_flood_does_not_starve_another_call() -> None:
    async with open_house(configured()) as house:
        flooder, caller = await house.call(), await house.call()
        await caller.identify()
        await until(lambda: len(house.recorders) == 1)
        await flooder.identify()
        await until(lambda: len(house.recorders) == 2)
        async with trio.open_nursery() as nursery:

            async def flood() -> None:
                while True:
                    await flooder.stream.send_all(b"\x42\x00\x00" * 5_000)

            nursery.start_soon(flood)
            for number in range(10):
                await caller.send(Audio(tone(number), RATE))
                await until(partial(_has_events, house.recorders[0], number + 2))
            nursery.cancel_scope.cancel()
        assert house.transports[1].statistics().unknown_frames > 1_000
        await caller.hang_up()
        await flooder.hang_up()


async def test_stopping_the_listener_closes_live_calls_properly() -> None:
    async def handle(transport: AudioSocketTransport) -> None:
        transport.start(lambda event, now: None)
        await trio.sleep_forever()

    with Poller() as poller:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poller.run)
            async with trio.open_nursery() as serving:
                address = await serving.start(partial(serve_audiosocket, configured(), handle, poller=poller))
                caller = Caller(await trio.open_tcp_stream(*address))
                await caller.identify()
                await caller.receive_frame()
                serving.cancel_scope.cancel()
            await hear_out(caller)
            nursery.cancel_scope.cancel()


async def test_an_address_in_use_is_a_mistake_in_the_configuration() -> None:
    async with open_house(configured()) as house:
        with Poller() as poller, pytest.raises(ConfigError, match="AUDIOSOCKET_PORT"):
            await serve_audiosocket(configured(port=house.address[1]), _never, poller=poller)


def _has_events(recorder: Recorder, count: int) -> bool:
    return len(recorder.events) == count


async def _never(transport: AudioSocketTransport) -> None:
    raise AssertionError
