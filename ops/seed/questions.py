"""Questions of callers about the sample articles, in Ukrainian, Russian, a mix of both and as a recogniser mishears
them (`engine.knowledge.evaluation`)."""

from pathlib import Path
from typing import Final

QUESTIONS: Final = Path(__file__).with_name("questions.toml")
EVERYDAY: Final = Path(__file__).with_name("everyday.toml")
"""Written before the search was tuned; every other one is for judging and was never tuned to."""
