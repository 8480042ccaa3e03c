"""What each step of a frame, and of a sentence, costs by itself: `python -m tests.bench.run --micro`.

CPU time of this thread, the best of several rounds, so that a noisy neighbour hardly shows. The caches are warm here;
within a call each step costs up to twice as much.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import count, cycle
from typing import Final
from uuid import UUID

from engine.audio import FRAME_BYTES, FRAME_SECONDS, RATE, SILENCE_FRAME
from engine.dialogue.grounding import Gate
from engine.dialogue.llm import Message, Text, ToolOutcome
from engine.dialogue.sentences import SentenceSplitter
from engine.media.echo import EchoReference
from engine.media.jitter import JitterBuffer
from engine.media.playout import Playout
from engine.media.resample import StreamResampler
from engine.media.vad import VoiceActivityDetector
from engine.redaction import sanitize
from engine.speech.verbalize import verbalize
from engine.wire.audiosocket import AudioSocketCodec, Role
from engine.wire.events import Audio, Connected
from engine.wire.g711 import mulaw_to_pcm, pcm_to_mulaw
from tests.bench.speech import prepare

ROUNDS: Final = 7
_HEADER_BYTES: Final = 3
_SENTENCE: Final = "Шини 205/55 R16 коштують 2 350,50 грн, доставка 22.11 о 14:30 на вул. Хрещатик, 22."
_HELD: Final = "Разом із доставкою вийде 9 751 грн, зі знижкою десять відсотків на 1 237,10 грн дешевше."
_PASSAGE: Final = (
    "Доставка по місту {n} коштує {n} грн і триває один-три робочі дні, у Києві — наступного робочого дня. "
    "Замовлення від 10 000 гривень доставляємо безкоштовно. Шиномонтаж на вул. Городоцькій, {n}, працює з 9 до 18. "
    "Повернути шини можна протягом чотирнадцяти днів, якщо вони не були на авто; гаряча лінія 0 800 330 485. "
)
_LOG_LINE: Final = "Олена, тел. 067 123 45 67, olena@example.com, просить 4 шини 205/55 R16"


@dataclass(frozen=True, slots=True)
class Cost:
    step: str
    microseconds: float
    each: str = "frame"


def costs() -> Iterator[Cost]:
    """In the order in which audio and words move. Takes some seconds."""
    question = prepare(subtitled=False).questions[0]
    speech = [frame[_HEADER_BYTES:] for frame in question]
    for name, step, number in _frame_steps(speech):
        yield Cost(name, _microseconds(step, number))
    yield Cost("echo likeness", _microseconds(_echo(speech), 50), "candidate frame")
    yield Cost("sentence splitter", _microseconds(_split, 200), "sentence")
    yield Cost("grounding gate", _microseconds(partial(_gate().ungrounded, _SENTENCE), 200), "sentence")
    yield Cost(
        "grounding gate, held, 50 prices", _microseconds(partial(_full_gate().ungrounded, _HELD), 50), "sentence"
    )
    yield Cost("grounding gate: learn 5 passages", _microseconds(_learn, 5), "result")
    yield Cost("grounding gate: the longest step of it", _longest_step(), "step")
    yield Cost("verbalise", _microseconds(partial(verbalize, _SENTENCE), 200), "sentence")
    yield Cost("sanitise a log value", _microseconds(partial(sanitize, _LOG_LINE, "text"), 200), "line")


def _frame_steps(speech: Sequence[bytes]) -> Sequence[tuple[str, Callable[[], object], int]]:
    """Name, what to run once per frame, how often in a round."""
    frames, narrow = cycle(speech), StreamResampler(16_000, RATE)
    wide = bytes(2 * FRAME_BYTES)
    mulaw = pcm_to_mulaw(speech[len(speech) // 2])
    receive, send = _codec()
    return (
        ("codec: receive", receive, 2000),
        ("jitter buffer: push and pop", _jitter(), 2000),
        ("resample 16 to 8 kHz", partial(narrow.convert, wide), 500),
        ("G.711: decode", partial(mulaw_to_pcm, mulaw), 2000),
        ("voice detection: silence", partial(VoiceActivityDetector().process, SILENCE_FRAME), 1000),
        ("voice detection: speech", _vad(frames), len(speech)),
        ("playout: push and take", _playout(speech[0]), 2000),
        ("G.711: encode", partial(pcm_to_mulaw, speech[0]), 2000),
        ("codec: send", send, 2000),
    )


def _microseconds(step: Callable[[], object], number: int) -> float:
    rounds = []
    for _ in range(ROUNDS):
        begun = time.thread_time()
        for _ in range(number):
            step()
        rounds.append((time.thread_time() - begun) / number * 1e6)
    return min(rounds)


def _codec() -> tuple[Callable[[], object], Callable[[], object]]:
    far, near = AudioSocketCodec(Role.CLIENT), AudioSocketCodec()
    near.receive_data(far.send(Connected(UUID(int=1))))
    near.next_event()
    audio = Audio(SILENCE_FRAME, RATE)
    frame = far.send(audio)

    def receive() -> None:
        near.receive_data(frame)
        near.next_event()
        near.next_event()

    return receive, partial(near.send, audio)


def _jitter() -> Callable[[], object]:
    buffer, numbers = JitterBuffer(), count()

    def step() -> None:
        now = next(numbers) * FRAME_SECONDS
        buffer.push(SILENCE_FRAME, now)
        buffer.pop(now)

    return step


def _vad(frames: Iterator[bytes]) -> Callable[[], object]:
    detector = VoiceActivityDetector()
    return lambda: detector.process(next(frames))


def _playout(frame: bytes) -> Callable[[], object]:
    playout = Playout()
    playout.begin(1)
    playout.open_segment("слово")

    def step() -> None:
        playout.push(frame)
        playout.next_frame()

    return step


def _echo(speech: Sequence[bytes]) -> Callable[[], object]:
    reference = EchoReference()
    for frame in speech:
        reference.played(frame)
    return partial(reference.likeness, b"".join(speech[:8]))


def _gate() -> Gate:
    """One that knows the sentence to be true, and twenty prices beside."""
    gate = Gate(date(2026, 11, 22))
    gate.learn("", "\n".join(f"Шини по {price} грн, 12 шт." for price in range(2000, 4000, 100)), [])
    gate.learn("", "", [Message("user", (Text(_SENTENCE),))])
    assert gate.ungrounded(_SENTENCE) == ()
    return gate


def _full_gate() -> Gate:
    """Fifty prices, sixteen quantities; all of them are tried in vain."""
    gate = Gate(date(2026, 11, 22))
    tires = [{"price": 1500 + 37 * number, "stock_quantity": 4} for number in range(50)]
    results = ({"tires": tires, "total": 50}, {"delivery_cost": 250}, {"prices": [{"label": "Монтаж", "price": 900}]})
    shown = [Message("user", (ToolOutcome(str(at), json.dumps(each)),)) for at, each in enumerate(results)]
    wanted = [Message("user", (Text(f"мені {pieces} штук"),)) for pieces in range(5, 21)]
    gate.learn("", "", [*shown, *wanted])
    assert gate.ungrounded(_HELD)
    return gate


_NUMBERS: Final = count(100)


def _learning() -> Iterator[None]:
    """Of passages that no call was shown before."""
    texts = ["".join(_PASSAGE.format(n=next(_NUMBERS)) for _ in range(3)) for _ in range(5)]
    content = json.dumps({"passages": [{"text": text} for text in texts]}, ensure_ascii=False)
    return Gate(date(2026, 11, 22)).learning("", "", [Message("user", (ToolOutcome("1", content),))])


def _learn() -> None:
    for _ in _learning():
        pass


def _longest_step() -> float:
    """What a loop that learns step by step is held up by, microseconds: the best of the worst."""
    rounds = []
    for _ in range(ROUNDS):
        longest, begun = 0.0, time.thread_time()
        for _ in _learning():
            now = time.thread_time()
            longest, begun = max(longest, now - begun), now
        rounds.append(longest * 1e6)
    return min(rounds)


def _split() -> None:
    splitter = SentenceSplitter()
    for word in _SENTENCE.split():
        splitter.push(f" {word}")
    splitter.flush()
