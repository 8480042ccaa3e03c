"""Nothing the bot says may be made up: prices, dates, times, addresses, numbers, sizes, stock. Entry point: `Gate`."""

from engine.dialogue.grounding.claims import Kind
from engine.dialogue.grounding.gate import Gate

__all__ = ["Gate", "Kind"]
