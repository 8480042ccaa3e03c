"""Everything the bot says by heart and the model's instructions, one file a language: `texts/<language>.toml`.

Before: the composition root loads them once. After: the phrase cache synthesises `fixed_phrases`, `call` plays them,
`dialogue.agent` takes `prompt`.
"""

import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Final, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from engine.dialogue.agent import Prompt
from engine.dialogue.expectations import Expectation
from engine.errors import ConfigError

_DIRECTORY: Final = Path(__file__).parent / "texts"

type Phrase = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^{}\n]+$")]
"""Spoken as it stands."""
type Instructions = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Greeting(_Section):
    morning: Phrase
    day: Phrase
    evening: Phrase
    night: Phrase

    def at(self, now: time) -> str:
        """By the caller's clock: morning from 5, day from 11, evening from 17, night from 23."""
        from_hour = ((23, self.night), (17, self.evening), (11, self.day), (5, self.morning), (0, self.night))
        return next(phrase for hour, phrase in from_hour if now.hour >= hour)


class Phrases(_Section):
    notice: Phrase
    """Follows the greeting: automated processing, and what can be done."""
    apology: Phrase
    """The answer takes too long or the recogniser failed; an operator follows."""
    transfer: Phrase
    silence_goodbye: Phrase
    farewell: Phrase
    store_down: Phrase
    tts_fallback: Phrase
    did_not_hear: Phrase
    gave_up: Phrase
    """The model does not come to an end: offers an operator."""
    unsure: Phrase
    """The model says what is in no data: offers an operator."""


class Fillers(_Section):
    phrases: Annotated[tuple[Phrase, ...], Field(min_length=3)]


class ModelTexts(_Section):
    system: Instructions
    go_on: Annotated[Instructions, StringConstraints(pattern=r"\{said\}")]
    unfounded: Annotated[Instructions, StringConstraints(pattern=r"\{held\}")]
    pressed: Annotated[Instructions, StringConstraints(pattern=r"\{digits\}")]
    """The caller's turn when it came from the keypad."""


class Recognition(_Section):
    phrases: tuple[Phrase, ...]
    """Words the recogniser should expect."""


class Texts(_Section):
    greeting: Greeting
    phrases: Phrases
    fillers: Fillers
    silence: dict[Expectation, Phrase]
    """The prompt into the caller's silence, by what was asked."""
    model: ModelTexts
    recognition: Recognition

    @model_validator(mode="after")
    def _has_every_silence_prompt(self) -> Self:
        if missing := set(get_args(Expectation.__value__)) - self.silence.keys():
            raise ValueError(f"silence.{min(missing)}: field required")
        return self

    def filler(self, index: int) -> str:
        """The `index`-th of a wait, from 0; they repeat in turn."""
        return self.fillers.phrases[index % len(self.fillers.phrases)]

    def prompt(self, *, max_tokens: int) -> Prompt:
        model, phrases = self.model, self.phrases
        return Prompt(model.system, phrases.gave_up, model.go_on, model.unfounded, phrases.unsure, max_tokens)

    def needed_at_once(self, now: time) -> tuple[str, ...]:
        """What the first call may need in its first seconds, and what must sound when all else fails."""
        phrases = self.phrases
        return (self.greeting.at(now), phrases.notice, phrases.apology, phrases.transfer, phrases.tts_fallback)

    def fixed_phrases(self) -> tuple[str, ...]:
        """All that is spoken word for word, to be synthesised before the first call. No doubles."""
        greetings, phrases = self.greeting.model_dump().values(), self.phrases.model_dump().values()
        return tuple(dict.fromkeys((*greetings, *phrases, *self.fillers.phrases, *self.silence.values())))


def load(language: str, directory: Path = _DIRECTORY) -> Texts:
    """The texts of a language (`uk`). Raises `ConfigError` that names the file and each missing or wrong key."""
    path = directory / f"{language}.toml"
    try:
        return Texts.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.stem for p in directory.glob("*.toml")))
        raise ConfigError(f"CALL_LANGUAGE: no texts for {language!r} (there are: {known})") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: {error}") from error
    except ValidationError as error:
        mistakes = (
            ": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"].lower())))
            for e in error.errors(include_url=False)
        )
        raise ConfigError(f"{path.name}: {'; '.join(mistakes)}") from error
