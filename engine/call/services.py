"""What a call needs of the process around it: shared by all calls, handed in once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import trio

from engine.call.events import Observer
from engine.call.ingress import VoiceDetector
from engine.call.live import LiveCalls
from engine.call.session import SessionStore
from engine.config import CallConfig, CostConfig, TurnConfig
from engine.dialogue.llm import LanguageModel
from engine.dialogue.prompts import Texts
from engine.dialogue.tools.toolbox import Toolbox
from engine.media.clock import MediaClock
from engine.media.vad import VoiceActivityDetector
from engine.pbx.operators import DialplanOnly, Operators
from engine.pbx.shared_registry import SharedRegistry
from engine.records.prompt_versions import PromptVersion
from engine.speech.base import Recognizer
from engine.speech.phrases import PhraseCache


@dataclass(frozen=True, slots=True)
class Services:
    call: CallConfig
    turn: TurnConfig
    max_tokens: int
    """Of one answer of the model."""
    clock: MediaClock
    recognizer: Recognizer
    phrases: tuple[str, ...]
    """Adaptation hints for the recogniser."""
    voice: PhraseCache
    model: LanguageModel
    model_name: str
    """What the model is priced by."""
    instructions: Callable[[UUID], PromptVersion]
    """Those that a call is held under."""
    costs: CostConfig
    texts: Texts
    make_tools: Callable[[UUID, str | None], Toolbox]
    """A call's own tools, for its id and the caller's number."""
    sessions: SessionStore
    registry: SharedRegistry
    observe: Observer
    now: Callable[[], float] = trio.current_time
    """Monotonic seconds; the media clock's."""
    make_vad: Callable[[], VoiceDetector] = VoiceActivityDetector
    """A call's own ear for the caller's voice."""
    operators: Operators = field(default_factory=DialplanOnly)
    live: LiveCalls = field(default_factory=LiveCalls)
    """The calls in progress."""

    def wall_clock(self) -> datetime:
        """The shop's local time."""
        return datetime.now(self.call.timezone)
