"""Who gets the floor when both speak."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TurnConfig
from engine.dialogue.bargein import BargeIn, Decision, is_backchannel

CONFIG = TurnConfig()
HOLD, INTERRUPT, RESUME = Decision.HOLD, Decision.INTERRUPT, Decision.RESUME
LONGEST_HOLD = 2.6


class Caller:
    """Talks over the bot; `decisions` with the ms at which they came."""

    def __init__(self, *, is_interruptible: bool = True, is_asking: bool = False) -> None:
        self.bargein = BargeIn(CONFIG)
        self.bargein.bot_started(is_interruptible=is_interruptible, is_asking=is_asking)
        self.frames = 0
        self.decisions: list[tuple[Decision, int]] = []

    @property
    def now(self) -> float:
        return 50 + self.frames * 0.02

    def _note(self, decision: Decision | None) -> None:
        if decision is not None:
            self.decisions.append((decision, self.frames * 20))

    def frame(self, is_voiced: bool, likeness: float = 0.0) -> None:
        self.frames += 1
        if self.bargein.is_candidate:
            self.bargein.echo(likeness)
        self._note(self.bargein.voiced(is_voiced, self.now))
        self._note(self.bargein.poll(self.now))

    def speak(self, ms: int, likeness: float = 0.0) -> None:
        for _ in range(ms // 20):
            self.frame(True, likeness)

    def pause(self, ms: int) -> None:
        for _ in range(ms // 20):
            self.frame(False)

    def words(self, text: str) -> None:
        self._note(self.bargein.words(text, self.now))

    @property
    def made(self) -> list[Decision]:
        return [decision for decision, _ in self.decisions]


def test_voice_holds_after_80_ms_and_interrupts_after_600() -> None:
    caller = Caller()
    caller.pause(1000)
    caller.speak(600)
    assert caller.decisions == [(HOLD, 1080), (INTERRUPT, 1600)]
    assert caller.bargein.onset_at == pytest.approx(51.0)


def test_a_hold_survives_a_missing_frame() -> None:
    caller = Caller()
    for is_voiced in (True, True, False, True, True):
        caller.frame(is_voiced)
    assert caller.decisions == [(HOLD, 100)]


def test_a_cough_resumes_after_700_ms_of_silence() -> None:
    caller = Caller()
    caller.speak(100)
    caller.pause(1000)
    assert caller.decisions == [(HOLD, 80), (RESUME, 800)]
    assert not caller.bargein.is_held


def test_words_interrupt_at_once() -> None:
    caller = Caller()
    caller.speak(200)
    caller.words("зачекайте")
    assert caller.decisions == [(HOLD, 80), (INTERRUPT, 200)]


@pytest.mark.parametrize("text", ["ага", "угу", "так-так", "мгм", "Так, так.", "да-да", "добре", "ага, ясно"])
def test_a_backchannel_resumes_the_sentence(text: str) -> None:
    caller = Caller()
    caller.speak(200)
    caller.pause(100)
    caller.words(text)
    assert caller.made == [HOLD, RESUME]


@pytest.mark.parametrize(
    ("text", "is_asking", "expected"),
    [
        ("так", False, RESUME),
        ("так", True, INTERRUPT),
        ("да", True, INTERRUPT),
        ("ага", True, RESUME),
        ("ні", False, INTERRUPT),
        ("ні", True, INTERRUPT),
        ("стоп", False, INTERRUPT),
        ("так а скільки коштує", False, INTERRUPT),
    ],
)
def test_a_yes_is_an_answer_only_to_a_question(text: str, is_asking: bool, expected: Decision) -> None:
    caller = Caller(is_asking=is_asking)
    caller.speak(200)
    caller.pause(60)
    caller.words(text)
    assert caller.made == [HOLD, expected]


def test_a_backchannel_while_still_voiced_waits_for_what_follows() -> None:
    caller = Caller()
    caller.speak(300)
    caller.words("ага")
    assert caller.made == [HOLD]
    caller.speak(100)
    caller.words("ага а можна дешевше")
    assert caller.made == [HOLD, INTERRUPT]


def test_our_own_echo_never_holds() -> None:
    caller = Caller()
    for _ in range(20):  # words and pauses between them, as the bot speaks
        caller.speak(400, likeness=0.9)
        caller.pause(100)
        caller.words("шина коштує дві тисячі")
    assert caller.decisions == []


def test_echo_while_held_does_not_confirm() -> None:
    caller = Caller()
    caller.speak(80)
    caller.speak(1000, likeness=0.9)
    assert caller.made == [HOLD, RESUME]


def test_what_may_not_be_interrupted_is_not() -> None:
    caller = Caller(is_interruptible=False)
    caller.speak(2000)
    caller.words("стоп стоп")
    assert caller.decisions == []
    caller.bargein.bot_started()  # the notice is over, the utterance goes on
    caller.speak(80)
    assert caller.made == [HOLD]


def test_a_transcript_of_the_turn_before_does_not_interrupt_the_answer() -> None:
    caller = Caller()
    caller.speak(400)
    caller.bargein.bot_stopped()
    caller.bargein.bot_started()
    caller.words("мене цікавлять зимові шини")
    caller.pause(500)
    assert caller.made == [HOLD]


def test_words_that_come_after_a_resume_still_interrupt() -> None:
    caller = Caller()
    caller.speak(160)
    caller.pause(900)
    caller.words("стоп")
    assert caller.made == [HOLD, RESUME, INTERRUPT]


def test_after_an_interruption_the_next_utterance_starts_clean() -> None:
    caller = Caller()
    caller.speak(800)
    caller.bargein.bot_stopped()
    caller.speak(1000)
    caller.bargein.bot_started()
    caller.decisions.clear()
    caller.pause(100)
    caller.speak(60)
    caller.pause(2000)
    assert caller.decisions == []


def test_a_silent_bot_cannot_be_interrupted() -> None:
    caller = Caller()
    caller.bargein.bot_stopped()
    caller.speak(2000)
    caller.words("добрий день")
    assert caller.decisions == []
    assert caller.bargein.deadline() is None


@pytest.mark.parametrize(
    ("text", "expected"), [("", False), ("угу", True), ("УГУ!", True), ("ага ні", False), ("205", False)]
)
def test_what_is_a_backchannel(text: str, expected: bool) -> None:
    assert is_backchannel(text) is expected


script = st.lists(
    st.one_of(
        st.tuples(st.just("speak"), st.integers(20, 1500)),
        st.tuples(st.just("pause"), st.integers(20, 1500)),
        st.tuples(st.just("words"), st.sampled_from(["ага", "так", "стоп", "", "205"])),
    ),
    max_size=25,
)


@given(script, st.booleans())
def test_every_hold_ends_in_bounded_time(steps: list[tuple[str, int | str]], is_asking: bool) -> None:
    caller = Caller(is_asking=is_asking)
    for verb, argument in steps:
        getattr(caller, verb)(argument)
    caller.pause(3000)
    held_at: int | None = None
    for decision, at in caller.decisions:
        assert (decision is HOLD) <= (held_at is None), "held twice"
        assert (decision is RESUME) <= (held_at is not None), "resumed what was not held"
        if held_at is not None:
            assert at - held_at <= LONGEST_HOLD * 1000 + 20
        held_at = at if decision is HOLD else None
    assert held_at is None
    if not any(verb == "speak" for verb, _ in steps):
        assert caller.decisions == []
