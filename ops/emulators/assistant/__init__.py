"""A rule-based shop assistant: what stands in for a language model where there is no account for one.

It is a dialogue, not a model: a table of rules over words in Ukrainian and Russian, a memory read anew from the
messages at every request, and real tool calls. Entry point: `decide`.
"""

from ops.emulators.assistant.rules import decide

__all__ = ["decide"]
