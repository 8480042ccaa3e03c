"""Where a call is: the state it is in, for the record, and the session by which others can see it."""

from engine.call.session import SessionKeeper
from engine.call.states import State
from engine.call.telling import Telling
from engine.dialogue.history import History


class Progress:
    """One call's."""

    def __init__(self, telling: Telling, session: SessionKeeper, history: History) -> None:
        self._tell = telling
        self._session = session
        self._history = history

    def enter(self, state: State) -> None:
        """Raises `IllegalTransition`."""
        self._tell.move(state)
        self._session.update(
            {
                "state": state, "turn": self._tell.turn, "cost": str(self._tell.cost),
                "history": self._history.to_json(),
            }
        )  # fmt: skip
