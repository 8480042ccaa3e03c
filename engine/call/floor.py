"""Who has the floor. Feeds the pure deciders with what is heard and said, and passes on what they decide.

Before: `call.ingress` (voice, keys), the recogniser (words), `call.egress` (bot audio at the wire, the 20 ms tick).
After: `call.conversation`. Holding and resuming the bot act at once, within the frame that caused them; everything else
is a demand that the conversation takes up in turn. Synchronous: all of a call's deadlines ride on its media tick.
"""

from typing import Final

from engine.call.demands import FloorListener, Pressed, Unheard
from engine.call.digits import DigitCollector
from engine.call.egress import Egress
from engine.call.ingress import Ingress
from engine.call.watchdog import Watchdog
from engine.config import CallConfig, TurnConfig
from engine.dialogue.bargein import ECHO_LIKENESS, BargeIn, Decision
from engine.dialogue.cover import AnswerCover, Cover, SilencePrompts
from engine.dialogue.endpointing import Endpointer
from engine.dialogue.expectations import Expectation
from engine.speech.base import Transcript

UNHEARD_AFTER: Final = 2.0
"""Seconds of silence without words after an interruption: it was noise, and the caller is waiting."""
_ECHO_EVERY: Final = 3
"""Voiced frames over the bot that one look at the echo stands for: it looks back over eight."""
_SLOW_EVERY: Final = 5
"""Ticks between looks at what is counted in seconds."""


class Floor:
    """One call's floor. Implements `CallerListener`."""

    def __init__(self, turn: TurnConfig, call: CallConfig, ingress: Ingress, egress: Egress, now: float) -> None:
        self._ingress = ingress
        self._egress = egress
        self._endpointer = Endpointer(turn)
        self._barge_in = BargeIn(turn)
        self._cover = AnswerCover(turn)
        self._silence = SilencePrompts(call.silence_prompt_after)
        self._digits = DigitCollector()
        self._watchdog = Watchdog(now, call.max_duration)
        self._listener: FloorListener
        self._is_voiced = False
        self._is_echo = False
        self._likeness = 0.0
        self._candidates = 0
        self._is_answering = False
        self._was_heard = False
        self._held_at = 0.0
        self._pressed_at = 0.0
        self._unheard_since: float | None = None
        self._ticks = 0
        self._interruptible = True
        self.expectation: Expectation = "nothing"
        ingress.report_to(self)

    def report_to(self, listener: FloorListener) -> None:
        self._listener = listener

    def retire(self) -> None:
        """The call is over: nobody reports to us or is reported to. Without the circle that these make, a call's memory
        is free at once, and not when a collector stops the engine to find it."""
        self._ingress.report_to(None)
        del self._listener

    def expect(self, expectation: Expectation) -> None:
        """What the bot has just asked for."""
        self.expectation = expectation
        self._endpointer.expect(expectation)

    def keep(self) -> None:
        """From now on the bot is not interrupted: it says that an operator takes over. A hold is undone."""
        self._interruptible = False
        self._barge_in.bot_stopped()
        self._egress.playout.resume()

    def release(self) -> None:
        """The caller stays with the bot after all, and may speak over it again."""
        self._interruptible = True

    def answering(self, waiting_since: float) -> None:
        """An answer is being made; the caller waits since then."""
        self._is_answering, self._was_heard = True, False
        self._barge_in.bot_started(is_interruptible=self._interruptible)
        self._cover.wait(waiting_since)
        self._silence.busy()

    def listening(self, now: float) -> None:
        """The answer is over: the caller's go."""
        self._is_answering = False
        self._barge_in.bot_stopped()
        self._cover.done()
        self._silence.listen(now)

    # From ingress and the recogniser.

    def caller_voiced(self, voiced: bool, now: float) -> None:
        decision = self._judge(voiced, now)
        if self._is_echo:
            voiced = False
        self._endpointer.voiced(voiced, now)
        if voiced:
            self._silence.noise(now)
            if self._unheard_since is not None:
                self._unheard_since = now
        if voiced is not self._is_voiced:
            self._is_voiced = voiced
            self._cover.sound(voiced or self._egress.sounding, now)
        self._decide(decision, now)

    def _judge(self, voiced: bool, now: float) -> Decision | None:
        """Barge-in, with the echo check where it is worth its cost."""
        if voiced and self._barge_in.is_candidate:
            self._candidates += 1
            if self._candidates % _ECHO_EVERY == 1:
                self._likeness = self._egress.echo.likeness(self._ingress.recent_audio())
            self._barge_in.echo(self._likeness)
        else:
            self._candidates, self._likeness = 0, 0.0
        self._is_echo = self._likeness >= ECHO_LIKENESS
        return self._barge_in.voiced(voiced, now)

    def words(self, transcript: Transcript, now: float) -> None:
        """An interim or final transcript."""
        only_listening = self._was_heard and self._barge_in.is_only_listening(transcript.text)
        self._decide(self._barge_in.words(transcript.text, now), now)
        if only_listening:  # an «ага» over the bot is heard, and is no turn to be answered
            self._unheard_since = None
            return
        if transcript.is_final:
            self._endpointer.final(
                transcript.text, now, language=transcript.language, confidence=transcript.confidence
            )  # fmt: skip
        else:
            self._endpointer.interim(transcript.text, now)
        if transcript.text.strip():
            self._unheard_since = None
            self._caller_is_there(now)
        self._end_turn(now)

    def caller_pressed(self, digit: str, now: float) -> None:
        self._pressed_at = now
        self._caller_is_there(now)
        self._pressed(self._digits.press(digit, now))

    def _caller_is_there(self, now: float) -> None:
        self._silence.noise(now)
        self._silence.answered()

    def caller_gone(self, reason: str) -> None:
        self._listener.line_gone(reason)

    # From egress.

    def sound(self, audible: bool, now: float) -> None:
        self._was_heard = self._was_heard or audible
        self._cover.sound(audible or self._is_voiced, now)
        if not audible and not self._listener.plays_filler():
            self._cover.progress(now)
        self._listener.sound(audible, now)

    def tick(self, now: float) -> None:
        """Each 20 ms: whatever is due by time alone."""
        if self._barge_in.is_held:
            self._decide(self._barge_in.poll(now), now)
        self._end_turn(now)
        self._ticks += 1
        if self._ticks % _SLOW_EVERY == 0:
            self._slow_tick(now)

    def _slow_tick(self, now: float) -> None:
        if (cover := self._cover.poll(now)) is Cover.FILLER:
            self._listener.fill(self._cover.filler_index)
        elif cover is Cover.APOLOGISE:
            self._listener.give_up()
        self._pressed(self._digits.poll(now))
        for demand in (self._silence.poll(now), self._watchdog.poll(now, self._ingress.last_audio_at)):
            if demand is not None:
                self._listener.demand(demand)
        if self._unheard_since is not None and now - self._unheard_since >= UNHEARD_AFTER:
            self._unheard_since = None
            self._listener.demand(Unheard())

    def _pressed(self, digits: str | None) -> None:
        if digits is not None:
            self._listener.demand(Pressed(digits, self._pressed_at))

    def _end_turn(self, now: float) -> None:
        turn = self._endpointer.poll(now)
        if turn is None:
            return
        self._unheard_since = None
        self._listener.demand(turn)
        if self._is_answering and not self._was_heard and self._interruptible:
            self._listener.call_off()

    def _decide(self, decision: Decision | None, now: float) -> None:
        playout = self._egress.playout
        match decision:
            case Decision.HOLD:
                self._held_at = now
                self._barge_in.bot_started(is_asking="?" in playout.playing_text)
                playout.hold()
            case Decision.RESUME:
                self._endpointer.reset()
                playout.resume()
                if self._was_heard:
                    self._listener.resumed(self._barge_in.onset_at, self._held_at)
            case Decision.INTERRUPT:
                self._unheard_since = now
                if self._was_heard:
                    self._listener.interrupt(self._barge_in.onset_at, self._held_at if playout.is_held else now)
                else:
                    self._listener.call_off()
