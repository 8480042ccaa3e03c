"""Everything the bot says by heart and the model's instructions, one file a language: `texts/<language>.toml`.

Before: the composition root loads them once. After: the phrase cache synthesises `fixed_phrases`, `call` plays them,
`dialogue.agent` takes `prompt`.
"""

import tomllib
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Final, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from engine.dialogue.agent import Prompt
from engine.dialogue.expectations import Expectation
from engine.errors import ConfigError
from engine.pbx.operators import Presence
from engine.records.prompt_versions import PromptVersion, prompt_version

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
    transfer_failed: Phrase
    """Nobody has taken the caller over: the bot goes on."""
    drained: Phrase
    """The engine stops in mid-call; an operator follows."""
    silence_goodbye: Phrase
    farewell: Phrase
    store_down: Phrase
    tts_fallback: Phrase
    did_not_hear: Phrase
    gave_up: Phrase
    """The model does not come to an end: offers an operator."""
    unsure: Phrase
    """The model says what is in no data: offers an operator."""


class OperatorTexts(_Section):
    """What is said of operators, with a value in it."""

    closed: Annotated[Instructions, StringConstraints(pattern=r"\{hours\}")]
    nobody: Phrase
    briefing: Annotated[Instructions, StringConstraints(pattern=r"\{summary\}")]
    """To the operator, before the caller is put through."""

    def away(self, presence: Presence, hours: str) -> str:
        """Nobody can take the caller: offers a call-back. `hours` in words."""
        return self.closed.format(hours=hours) if presence is Presence.CLOSED and hours else self.nobody


class IntentTexts(_Section):
    """For a caller who has chosen in the dialplan's menu."""

    opening: Phrase
    """Follows the greeting instead of the notice, and says the same of automated processing."""
    note: Instructions
    """For the model."""
    wants_operator: bool = False
    """Goes straight to one, if one is there."""
    after_queue: bool = False
    """Has been greeted before, and then no operator took him: is offered a call-back."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a call begins."""

    phrases: tuple[str, ...]
    note: str = ""
    wants_operator: bool = False
    nobody_there: bool = False
    """No operator took the caller."""


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
    operators: OperatorTexts
    intents: dict[str, IntentTexts]
    """By the registration's `intent`."""
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

    def opening(self, now: time, intent: str | None) -> Opening:
        """An intent that nothing is known of is as good as none."""
        greeting, chosen = self.greeting.at(now), self.intents.get(intent or "")
        if chosen is None:
            return Opening((greeting, self.phrases.notice))
        phrases = (chosen.opening,) if chosen.after_queue else (greeting, chosen.opening)
        return Opening(phrases, chosen.note, chosen.wants_operator, chosen.after_queue)

    def filler(self, index: int) -> str:
        """The `index`-th of a wait, from 0; they repeat in turn."""
        return self.fillers.phrases[index % len(self.fillers.phrases)]

    def prompt(self, system: str, *, max_tokens: int) -> Prompt:
        """`system`: the instructions, those of the file or others."""
        model, phrases = self.model, self.phrases
        return Prompt(system, phrases.gave_up, model.go_on, model.unfounded, phrases.unsure, max_tokens)

    def needed_at_once(self, now: time) -> tuple[str, ...]:
        """What the first call may need in its first seconds, and what must sound when all else fails."""
        phrases = self.phrases
        return (self.greeting.at(now), phrases.notice, phrases.apology, phrases.transfer, phrases.tts_fallback)

    def fixed_phrases(self) -> tuple[str, ...]:
        """All that is spoken word for word, to be synthesised before the first call. No doubles."""
        greetings, phrases = self.greeting.model_dump().values(), self.phrases.model_dump().values()
        openings = (each.opening for each in self.intents.values())
        spoken = (*greetings, *phrases, *openings, self.operators.nobody, *self.fillers.phrases, *self.silence.values())
        return tuple(dict.fromkeys(spoken))


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


def packaged_instructions(language: str) -> PromptVersion:
    """Those that come with the program. Raises `ConfigError`."""
    return prompt_version(language, f"texts/{language}.toml", load(language).model.system)
