import re
from datetime import time
from pathlib import Path
from typing import get_args

import pytest

from engine.dialogue.expectations import Expectation, expected_answer
from engine.dialogue.farewell import is_farewell
from engine.dialogue.leaks import may_be_spoken
from engine.dialogue.prompts import load
from engine.errors import ConfigError

UK = Path(__file__).parents[2] / "engine/dialogue/texts/uk.toml"


def write(directory: Path, text: str) -> Path:
    (directory / "xx.toml").write_text(text, encoding="utf-8")
    return directory


def test_every_phrase_may_be_spoken_and_is_ukrainian() -> None:
    phrases = load("uk").fixed_phrases()
    assert len(phrases) >= 20
    for phrase in phrases:
        assert may_be_spoken(phrase)
        assert not re.search(r"[a-zыэъё]", phrase.lower())


@pytest.mark.parametrize(
    ("hour", "begins"), [(0, "Вітаю"), (5, "Доброго ранку"), (11, "Добрий день"), (17, "Добрий вечір"), (23, "Вітаю")]
)
def test_greeting_by_time_of_day(hour: int, begins: str) -> None:
    texts = load("uk")
    greeting = texts.greeting.at(time(hour, 59))
    assert greeting.startswith(begins)
    assert greeting in texts.fixed_phrases()


def test_silence_prompts_ask_again_for_what_was_asked() -> None:
    silence = load("uk").silence
    assert set(silence) == set(get_args(Expectation.__value__))
    for kind in ("digits", "size", "plate", "address", "name", "quantity"):
        assert len({silence[kind], silence["nothing"]}) == 2


def test_goodbyes_are_understood_as_such() -> None:
    phrases = load("uk").phrases
    assert is_farewell(phrases.farewell)
    assert is_farewell(phrases.silence_goodbye)
    assert expected_answer(phrases.gave_up) == "yes_no"


def test_fillers_take_turns() -> None:
    texts = load("uk")
    assert len({texts.filler(n) for n in range(3)}) == 3
    assert texts.filler(len(texts.fillers.phrases)) == texts.filler(0)


def test_prompt_is_small_and_whole() -> None:
    texts = load("uk")
    prompt = texts.prompt(texts.model.system, max_tokens=300)
    # Ukrainian takes about 2.2 characters a token: 1,500 tokens.
    assert len(prompt.system) < 3_300
    assert "Так, є." in prompt.go_on.format(said="Так, є.")
    assert prompt.max_tokens == 300


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("transfer = ", "transfr = ", r"xx\.toml: phrases\.transfer: field required.*phrases\.transfr"),
        ("quantity = ", "# ", r"silence\.quantity: field required"),
        ("quantity = ", "color = ", r"silence\.color"),
        ("Хвилинку", "Хвилинку {name}", r"fillers\.phrases\.0"),
        ("{said}", "сказане", r"model\.go_on"),
        ("[greeting]", "[greeting", r"xx\.toml: .*line"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = UK.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(ConfigError, match=complaint):
        load("xx", write(tmp_path, text.replace(old, new)))


def test_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"CALL_LANGUAGE: no texts for 'xx' \(there are: uk\)"):
        load("xx")
