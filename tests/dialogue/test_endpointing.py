"""When a turn ends, to the millisecond, and when it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TurnConfig
from engine.dialogue.completeness import count_digits, is_half_said
from engine.dialogue.endpointing import EndOfTurn, Endpointer
from engine.dialogue.expectations import Expectation

CONFIG = TurnConfig()
FRAME = 0.02


class Caller:
    """Speaks to an endpointer frame by frame; `turns` is what it decided."""

    def __init__(self, expectation: Expectation = "nothing") -> None:
        self.endpointer = Endpointer(CONFIG)
        self.endpointer.expect(expectation)
        self.now = 100.0
        self.turns: list[EndOfTurn] = []

    def _frames(self, is_voiced: bool, ms: int) -> None:
        for _ in range(ms // 20):
            self.now += FRAME
            self.endpointer.voiced(is_voiced, self.now)
            self.poll()

    def speak(self, ms: int) -> None:
        self._frames(True, ms)

    def pause(self, ms: int) -> None:
        self._frames(False, ms)

    def interim(self, text: str) -> None:
        self.endpointer.interim(text, self.now)
        self.poll()

    def final(self, text: str) -> None:
        self.endpointer.final(text, self.now)
        self.poll()

    def poll(self) -> None:
        if (turn := self.endpointer.poll(self.now)) is not None:
            self.turns.append(turn)

    def waited_ms(self) -> float:
        """Silence before the only turn was ended."""
        (turn,) = self.turns
        return (turn.decided_at - turn.last_voiced_at) * 1000


def test_a_recogniser_slower_than_the_wait_costs_nothing() -> None:
    caller = Caller()
    caller.speak(1000)
    caller.pause(300)
    assert caller.turns == []
    caller.final("є шини на зиму")
    assert caller.waited_ms() == pytest.approx(300)
    assert caller.turns[0].text == "є шини на зиму"
    assert caller.turns[0].began_at == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("expectation", "text", "waited_ms"),
    [
        ("nothing", "є шини на зиму", 250),
        ("nothing", "мені потрібні шини на", 1200),
        ("nothing", "двісті п'ять", 1200),
        ("nothing", "205 55", 1200),
        ("nothing", "205 55 R16", 250),
        ("nothing", "двісті п'ять п'ятдесят п'ять шістнадцять", 250),
        ("nothing", "добрий день,", 1200),
        ("yes_no", "так", 150),
        ("yes_no", "ні дякую", 150),
        ("yes_no", "так але я хотів би інші", 250),
        ("yes_no", "так але", 1200),
        ("digits", "067 123", 1200),
        ("digits", "нуль шістдесят сім", 1200),
        ("digits", "067 123 45 67", 250),
        ("digits", "не знаю", 250),
        ("size", "двісті п'ять", 1200),
        ("size", "двісті п'ять п'ятдесят п'ять на шістнадцять", 250),
        ("plate", "АА 1234", 1200),
        ("plate", "а а", 1200),
        ("plate", "АА 1234 ВВ", 250),
        ("plate", "не пам'ятаю", 250),
        ("address", "місто Київ", 1200),
        ("address", "вулиця Хрещатик 22", 250),
        ("name", "Олександр", 250),
        ("quantity", "чотири", 250),
    ],
)
def test_the_wait_follows_from_what_is_expected_and_said(expectation: Expectation, text: str, waited_ms: float) -> None:
    caller = Caller(expectation)
    caller.speak(600)
    caller.final(text)
    caller.pause(2000)
    assert caller.waited_ms() == pytest.approx(waited_ms, abs=20)


def test_fragments_of_a_number_are_one_turn() -> None:
    caller = Caller("size")
    for text in ("215", "65", "16"):
        caller.speak(400)
        caller.pause(500)
        caller.final(text)
    caller.pause(500)
    assert [turn.finals for turn in caller.turns] == [("215", "65", "16")]
    assert caller.turns[0].text == "215 65 16"


def test_finals_while_the_caller_goes_on_are_joined() -> None:
    caller = Caller()
    caller.speak(1000)
    caller.final("добрий день")
    caller.speak(3000)
    assert caller.turns == []
    caller.pause(300)
    assert caller.turns == [], "words of the last three seconds are still to come"
    caller.final("є у вас зимові шини")
    assert [turn.text for turn in caller.turns] == ["добрий день є у вас зимові шини"]


def test_a_cough_after_the_words_does_not_hold_the_turn_for_ever() -> None:
    caller = Caller()
    caller.speak(500)
    caller.final("добрий день")
    caller.speak(200)
    caller.pause(2000)
    assert caller.waited_ms() == pytest.approx(1200, abs=20)


def test_an_interim_that_never_becomes_final_is_taken() -> None:
    caller = Caller()
    caller.speak(400)
    caller.interim("так")
    caller.pause(3000)
    assert caller.waited_ms() == pytest.approx(1500, abs=20)
    assert (caller.turns[0].text, caller.turns[0].finals) == ("так", ())
    caller.final("так")
    caller.pause(1000)
    assert len(caller.turns) == 1, "the late final of a turn already taken is not another turn"
    caller.speak(300)
    caller.final("ні")
    caller.pause(1000)
    assert len(caller.turns) == 2


def test_an_interim_after_a_final_waits_for_its_final() -> None:
    caller = Caller()
    caller.speak(500)
    caller.final("добрий день")
    caller.interim("є у вас")
    caller.pause(600)
    assert caller.turns == []
    caller.final("є у вас шини")
    assert [turn.text for turn in caller.turns] == ["добрий день є у вас шини"]


def test_words_without_voice_still_make_a_turn() -> None:
    caller = Caller()
    caller.pause(500)
    caller.final("алло це я")
    assert caller.turns == []
    caller.pause(400)
    assert caller.waited_ms() == pytest.approx(250, abs=20)


def test_reset_forgets_the_turn() -> None:
    caller = Caller()
    caller.speak(500)
    caller.final("добрий день")
    caller.endpointer.reset()
    caller.pause(3000)
    assert caller.turns == []
    assert caller.endpointer.deadline() is None


def test_language_and_the_lowest_confidence_are_kept() -> None:
    endpointer = Endpointer(CONFIG)
    endpointer.final("добрий", 1.0, language="uk-UA", confidence=0.9)
    endpointer.final("день", 1.1, confidence=0.6)
    turn = endpointer.poll(9.0)
    assert turn is not None
    assert (turn.language, turn.confidence, turn.final_at) == ("uk-UA", 0.6, 1.1)


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("двісті п'ять", 3),
        ("двісті п'ять п'ятдесят п'ять шістнадцять", 7),
        ("нуль шістдесят сім сто двадцять три сорок п'ять шістдесят сім", 10),
        ("двести пять пятьдесят пять шестнадцать", 7),
        ("205 55 16", 7),
        ("сто одинадцять", 3),
        ("один два три", 3),
        ("добрий день", 0),
    ],
)
def test_digits_of_spoken_numbers(words: str, digits: int) -> None:
    assert count_digits(words.split()) == digits


def test_nothing_is_not_half_said() -> None:
    assert not is_half_said("", "address")


steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["speak", "pause"]), st.integers(20, 2500)),
        st.tuples(st.sampled_from(["interim", "final"]), st.sampled_from(["так", "205 55", "я хочу на", "", "шини"])),
    ),
    max_size=25,
)


@given(steps, st.sampled_from(["nothing", "yes_no", "digits", "size", "plate", "address", "name", "quantity"]))
def test_no_final_is_lost_or_doubled_and_no_turn_ends_in_speech(
    script: list[tuple[str, int] | tuple[str, str]], expectation: Expectation
) -> None:
    caller, said = Caller(expectation), list[str]()
    for verb, argument in script:
        taken = caller.endpointer._interim_taken_at
        before = len(caller.turns)
        getattr(caller, verb)(argument)
        is_late = taken is not None and caller.now - taken < 3.0
        if verb == "final" and argument and not is_late:
            said.append(str(argument))
        if verb == "speak":
            assert len(caller.turns) == before or caller.turns[-1].decided_at < caller.now
    caller.pause(2500)
    assert [text for turn in caller.turns for text in turn.finals] == said
    for turn in caller.turns:
        assert turn.text
        assert turn.began_at <= turn.last_voiced_at <= turn.decided_at + 1e-6
    assert caller.endpointer.deadline() is None
