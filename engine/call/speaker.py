"""The bot's side of a call: says one thing at a time, and remembers and tells it as it was heard.

Before: `call.conversation`, which decides what is said. After: `call.answer`, one for each go of the bot.
"""

from collections.abc import Callable

from engine.call.answer import Answer, Answered, Say, Script
from engine.call.egress import Egress
from engine.call.floor import Floor
from engine.call.telling import Telling
from engine.dialogue.expectations import expected_answer
from engine.dialogue.history import History
from engine.dialogue.reply import Reply
from engine.dialogue.tools.toolbox import Toolbox
from engine.speech.metered import MeteredVoice
from engine.speech.verbalize import verbalize


class Speaker:
    """`speak` from the call's main task; the rest from anywhere, synchronous."""

    def __init__(
        self, *, history: History, tools: Toolbox, voice: MeteredVoice, egress: Egress, floor: Floor, telling: Telling,
        now: Callable[[], float],
    ) -> None:  # fmt: skip
        self._history = history
        self._tools = tools
        self._voice = voice
        self._egress = egress
        self._floor = floor
        self._tell = telling
        self._now = now
        self._answer: Answer | None = None

    async def say(self, *texts: str) -> Answered:
        """Fixed phrases."""
        return await self.speak(_fixed(texts))

    async def ask_again(self, text: str) -> Answered:
        """A fixed phrase that repeats a question: what was asked for stays expected."""
        expectation = self._floor.expectation
        answered = await self.say(text)
        self._floor.expect(expectation)
        return answered

    async def speak(self, script: Script, waiting_since: float | None = None) -> Answered:
        """Until it has been heard or interrupted; the caller has been waiting since then."""
        answer = Answer(self._tell.turn, self._history.begin_reply(), self._egress, self._voice)
        self._answer = answer
        self._floor.answering(self._now() if waiting_since is None else waiting_since)
        self._tell.bot_begins()
        try:
            await answer.run(script)
        finally:
            self._answer = None
            self._floor.listening(self._now())
            self._remember(answer.result)
        return answer.result

    def interrupt(self) -> bool:
        """Stop what is being said, at once. False: there was nothing to stop."""
        return self._answer is not None and self._answer.interrupt()

    def fill(self, text: str) -> None:
        """Cover the wait for an answer, if the phrase is ready and the line is free."""
        pcm = self._voice.cached(verbalize(text))
        if self._answer is not None and pcm is not None:
            self._answer.fill(text, pcm)

    @property
    def plays_filler(self) -> bool:
        """Whether what is heard now, or was heard last, is a filler and not the answer."""
        return self._answer is not None and self._answer.plays_filler

    @property
    def awaits_voice(self) -> bool:
        """Whether it is the synthesiser that keeps the caller waiting."""
        return self._answer is not None and self._answer.awaits_voice

    def _remember(self, answered: Answered) -> None:
        self._tell.tools(self._tools.calls)
        self._tell.bot_said(answered)
        self._tools.bot_said(answered.heard)
        if answered.heard:  # otherwise what was asked before still stands
            self._floor.expect(expected_answer(answered.heard))


def _fixed(texts: tuple[str, ...]) -> Script:
    async def script(reply: Reply, say: Say) -> None:
        for text in texts:
            reply.say(text)
            say(text)

    return script
