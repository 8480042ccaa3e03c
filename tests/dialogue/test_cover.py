"""No dead air while an answer is pending, and a silent caller is asked once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TurnConfig
from engine.dialogue.cover import AnswerCover, Cover, Silence, SilencePrompts

CONFIG = TurnConfig()
START = 10.0


def run(cover: AnswerCover, start: float, until: float, filler_seconds: float = 0.8) -> list[tuple[Cover, float, int]]:
    """Poll every 20 ms; each filler sounds for `filler_seconds`. Times are from `start`."""
    decisions, silent_at = list[tuple[Cover, float, int]](), None
    for tick in range(int((until - start) / 0.02) + 1):
        now = start + tick * 0.02
        if silent_at is not None and now >= silent_at:
            cover.sound(False, now)
            silent_at = None
        if (decision := cover.poll(now)) is not None:
            decisions.append((decision, round(now - start, 2), cover.filler_index))
            if decision is Cover.FILLER and filler_seconds:
                cover.sound(True, now)
                silent_at = now + filler_seconds
    return decisions


def test_fillers_grow_apart_and_end_in_an_apology() -> None:
    cover = AnswerCover(CONFIG)
    cover.wait(START)
    decisions, times, indices = zip(*run(cover, START, START + 40), strict=True)
    assert decisions == (Cover.FILLER, Cover.FILLER, Cover.FILLER, Cover.APOLOGISE)
    # Each filler sounds for 0.8 s; then 2.7 s and 4.05 s of quiet.
    assert times == pytest.approx((1.8, 5.3, 10.15, 12.0), abs=0.061)
    assert indices[:3] == (0, 1, 2)


def test_an_answer_in_time_needs_no_cover() -> None:
    cover = AnswerCover(CONFIG)
    cover.wait(START)
    assert run(cover, START, START + 1.7) == []
    cover.done()
    assert run(cover, START + 1.7, START + 60) == []


def test_nobody_is_talked_over() -> None:
    cover = AnswerCover(CONFIG)
    cover.wait(START)
    cover.sound(True, START + 1)
    assert run(cover, START + 1, START + 30) == []
    assert cover.deadline() is None


def test_a_model_that_stalls_after_its_first_sentence_is_covered_too() -> None:
    cover = AnswerCover(CONFIG)
    cover.wait(START)
    cover.sound(True, START + 1)
    cover.sound(False, START + 4)
    cover.progress(START + 4)
    decisions = run(cover, START + 4, START + 20)
    assert decisions[0][0] is Cover.FILLER
    assert decisions[0][1] == pytest.approx(1.8, abs=0.021)
    assert decisions[-1][0] is Cover.APOLOGISE
    assert run(cover, START + 20, START + 60) == [], "the apology was given within the first run"


def test_a_filler_that_never_sounds_is_not_asked_for_at_once_again() -> None:
    cover = AnswerCover(CONFIG)
    cover.wait(START)
    times = [t for _, t, _ in run(cover, START, START + 40, filler_seconds=0)]
    assert times == pytest.approx([1.8, 4.5, 8.55, 12.0], abs=0.061)


def test_fillers_of_two_turns_differ() -> None:
    cover = AnswerCover(CONFIG)
    seen = []
    for turn in range(3):
        cover.wait(START + 100 * turn)
        seen += [index for _, _, index in run(cover, START + 100 * turn, START + 100 * turn + 3)]
        cover.done()
    assert seen == [0, 1, 2]


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 3)), max_size=12))
def test_quiet_never_lasts_longer_than_the_apology(sounds: list[tuple[bool, float]]) -> None:
    cover, now = AnswerCover(CONFIG), START
    cover.wait(now)
    last_heard = now
    for is_audible, seconds in sounds:
        cover.sound(is_audible, now)
        for _ in range(int(seconds / 0.02)):
            now += 0.02
            if is_audible:
                last_heard = now
            if (decision := cover.poll(now)) is not None:
                assert not is_audible
                last_heard = now
                if decision is Cover.APOLOGISE:
                    return
            assert now - last_heard <= CONFIG.apology_after_ms / 1000 + 0.03
        if is_audible:
            cover.sound(False, now)


def test_a_silent_caller_is_asked_once_then_taken_leave_of() -> None:
    prompts = SilencePrompts(8.0)
    prompts.listen(START)
    assert prompts.poll(START + 7.9) is None
    assert prompts.poll(START + 8) is Silence.PROMPT
    assert prompts.poll(START + 30) is None, "the prompt itself is being spoken"
    prompts.listen(START + 12)
    assert prompts.deadline() == START + 20
    assert prompts.poll(START + 20) is Silence.GOODBYE


def test_an_answer_makes_the_next_silence_a_first_one() -> None:
    prompts = SilencePrompts(8.0)
    prompts.listen(START)
    assert prompts.poll(START + 8) is Silence.PROMPT
    prompts.answered()
    prompts.busy()
    prompts.listen(START + 20)
    assert prompts.poll(START + 28) is Silence.PROMPT


def test_noise_postpones_but_does_not_answer() -> None:
    prompts = SilencePrompts(8.0)
    prompts.listen(START)
    assert prompts.poll(START + 8) is Silence.PROMPT
    prompts.listen(START + 10)
    prompts.noise(START + 15)
    assert prompts.poll(START + 18) is None
    assert prompts.poll(START + 23) is Silence.GOODBYE


def test_nothing_is_asked_while_the_bot_is_busy() -> None:
    prompts = SilencePrompts(8.0)
    prompts.listen(START)
    prompts.busy()
    prompts.noise(START + 1)
    assert prompts.poll(START + 100) is None
