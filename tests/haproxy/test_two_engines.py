"""Two engines behind the real HAProxy: a call finds its way whichever of them is asked, and away from a lost one."""

import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import trio

from ops.emulators.caller import CallerOptions, SimulatedCaller, place_call
from ops.emulators.caller_dialplan import announce, next_step
from tests.e2e.rig import PATIENCE, answer, cut_in
from tests.e2e.served import Served
from tests.e2e.world import World
from tests.haproxy.balancer import FILE, SECRET, Balancer, Pair, Ports, calls_active, environment, freeze, pair

pytestmark = pytest.mark.asterisk

type Lose = Callable[[Served], None]

LOST_SECONDS = 3.0
"""After which a caller whose engine is lost must be on the way to an operator."""


def test_the_file_is_one_haproxy_takes_without_a_word(world: World) -> None:
    own, engines = Ports.free(), (Ports.free(), Ports.free())
    checked = subprocess.run(
        ["haproxy", "-c", "-q", "-f", str(FILE)], env=environment(own, engines), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def test_announced_to_one_held_by_the_other_and_asked_of_either(world: World, tmp_path: Path) -> None:
    """All is announced to the first; of two calls HAProxy gives one to each."""
    async with pair(world, tmp_path / "haproxy.log") as two, AsyncExitStack() as calls:
        callers = []
        for _ in range(2):
            call_id = uuid4()
            assert await announce(two.first.web, call_id, secret=SECRET, caller="+380671234567")
            callers.append(await calls.enter_async_context(place_call(*two.balancer.audiosocket, call_id=call_id)))
            await callers[-1].wait_for_audio()
        await until_active(two, lambda *held: held == (1, 1))
        for caller in callers:
            world.set("anthropic", script=["Слухаю."])
            await cut_in(caller, "Добрий день")
            assert await answer(caller) == "Слухаю."
        world.set("anthropic", script=None)
        for caller in callers:
            await caller.say("Дякую, до побачення")
            assert await caller.wait_ended() == "terminated"
            for engine in (two.first, two.second):
                assert (await next_step(engine.web, caller.call_id, secret=SECRET))[0] == "hangup"
            assert await two.balancer.next_step(caller.call_id) == "hangup"


async def test_who_is_nobodys_gets_nothing_but_an_operator(world: World, tmp_path: Path) -> None:
    async with pair(world, tmp_path / "haproxy.log") as two:
        async with place_call(*two.balancer.audiosocket) as caller:
            with trio.fail_after(PATIENCE):
                assert await caller.wait_ended() in ("terminated", "eof", "reset")
        assert await two.balancer.next_step(caller.call_id) == "operator"
        assert (await two.balancer.web.get("/readyz")).status_code == 404, "only the dialplan's questions go through"
        assert (await two.balancer.web.get("/healthz")).json() == {"status": "alive"}, (
            "as `callctl asterisk check` asks"
        )
        assert (await two.balancer.web.get(f"/internal/calls/{uuid4()}/next")).status_code == 401


@pytest.mark.parametrize("lose", [Served.kill, freeze], ids=["killed", "hung"])
async def test_the_callers_of_a_lost_engine_are_let_go_and_the_others_talk_on(
    world: World, tmp_path: Path, lose: Lose
) -> None:
    async with pair(world, tmp_path / "haproxy.log") as two, AsyncExitStack() as calls:
        callers = [await connected(two, calls) for _ in range(4)]
        await until_active(two, lambda *held: held == (2, 2))
        lost_at = trio.current_time()
        lose(two.first)
        gone: list[tuple[SimulatedCaller, float]] = []

        async def wait_gone(caller: SimulatedCaller) -> None:
            await caller.wait_ended()
            gone.append((caller, trio.current_time() - lost_at))

        async with trio.open_nursery() as nursery:
            for caller in callers:
                nursery.start_soon(wait_gone, caller)
            await trio.sleep(LOST_SECONDS + 1)
            assert await calls_active(two.second) == 2
            nursery.cancel_scope.cancel()
        print(f"\n  let go after          {', '.join(f'{seconds:.2f} s' for _, seconds in gone)}")
        assert len(gone) == 2
        assert max(seconds for _, seconds in gone) <= LOST_SECONDS
        for caller, _ in gone:
            assert await two.balancer.next_step(caller.call_id) == "operator"
        late = await connected(two, calls)
        assert not late.end_reason, "a new caller is the other engine's"
        two.first.kill()


async def test_who_one_engine_has_no_room_for_the_other_takes(world: World, tmp_path: Path) -> None:
    async with pair(world, tmp_path / "haproxy.log", CALL_MAX_CALLS="2") as two, AsyncExitStack() as calls:
        for count in range(1, 5):
            call_id = uuid4()
            assert await announced_in_two_parts(two.balancer, call_id)
            await connect(two, calls, call_id)
            # Before that a call has a place where it was announced, and where it comes.
            await until_active(two, lambda *held, count=count: sum(held) == count)
        assert await two.active() == (2, 2)
        assert not await two.balancer.announce(uuid4()), "and told so in the word that the dialplan knows"


async def announced_in_two_parts(balancer: Balancer, call_id: UUID) -> bool:
    """Whether it is taken. The form comes after its head, as a network may bring it."""
    form = f"uuid={call_id}"
    head = (
        f"POST /internal/calls?format=text HTTP/1.1\r\nHost: callctl\r\nX-Callctl-Secret: {SECRET}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    async with await trio.open_tcp_stream("127.0.0.1", balancer.web.base_url.port or 0) as stream:
        await stream.send_all(head.encode())
        await trio.sleep(0.1)
        await stream.send_all(form.encode())
        told = b""
        with trio.fail_after(PATIENCE):
            while not told.endswith((b"accept", b"busy")):
                told += await stream.receive_some()
        return told.endswith(b"accept")


async def connected(two: Pair, calls: AsyncExitStack) -> SimulatedCaller:
    call_id = uuid4()
    assert await two.balancer.announce(call_id)
    return await connect(two, calls, call_id)


async def connect(two: Pair, calls: AsyncExitStack, call_id: UUID) -> SimulatedCaller:
    options = CallerOptions(decodes=False)
    caller = await calls.enter_async_context(place_call(*two.balancer.audiosocket, call_id=call_id, options=options))
    await caller.wait_for_audio()
    return caller


async def until_active(two: Pair, is_so: Callable[[float, float], bool]) -> None:
    """`is_so`: of the calls that the first and the second hold."""
    with trio.fail_after(PATIENCE):
        while not is_so(*await two.active()):  # noqa: ASYNC110 - asked of other processes
            await trio.sleep(0.1)
