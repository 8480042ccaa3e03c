"""The migrations, as data: plain SQL files NNNN_*.sql that `engine.database.migrate` applies in order."""

from pathlib import Path
from typing import Final

MIGRATIONS: Final = Path(__file__).parent
