"""What whoever makes embeddings can do, and what a set of them is.

A vector stands for the meaning of a text: near vectors, near meanings. Vectors of two models, or of two sizes of one
model, have nothing to do with each other, so provider, model and dimensions are kept with every set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

type Kind = Literal["passage", "query"]
"""What is searched, and what it is searched with: models embed them differently."""
type Vectors = NDArray[np.float32]
"""[texts, dimensions], each row of length 1."""
type Vector = NDArray[np.float32]
"""[dimensions], of length 1."""


@dataclass(frozen=True, slots=True)
class Made:
    """Who made the vectors of a set. Only vectors made alike can be compared."""

    provider: str
    model: str
    dimensions: int

    def __str__(self) -> str:
        return f"{self.provider} {self.model} ({self.dimensions})"


class Embedder(Protocol):
    """Open and usable from any task. Raises `EmbeddingsError`."""

    @property
    def made(self) -> Made: ...

    @property
    def batch(self) -> int:
        """Passages that are best handed in together."""
        ...

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        """One row for each text, in order. A query is given up within seconds, a passage is tried for longer."""
        ...


def unit(vectors: Vectors) -> Vectors:
    """Each row at length 1 (a row of zeros stays)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
