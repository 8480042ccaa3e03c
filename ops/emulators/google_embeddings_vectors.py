"""Vectors that mean something, without a model: texts that share words, or the beginnings of words, are near.

Each stem, and each run of four letters in it, is a direction drawn from its own hash; a text is the sum of its
directions. All have one direction in common, as a model's have: two texts that share nothing have a cosine of about
0.5, a question and what answers it of about 0.7. The same text is the same vector in every process.
"""

import hashlib
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.knowledge.stems import stems

_RUN: Final = 4
_RUN_WEIGHT: Final = 0.4
_NOTHING: Final = 1e-9


def vector_of(text: str, dimensions: int) -> NDArray[np.float32]:
    """[dimensions], not of unit length: neither are the vendor's, when they are shortened."""
    total = np.zeros(dimensions)
    for stem in stems(text):
        total = total + _direction(stem, dimensions)
        for at in range(len(stem) - _RUN + 1):
            total = total + _RUN_WEIGHT * _direction(stem[at : at + _RUN], dimensions)
    own = total / max(np.linalg.norm(total), _NOTHING)
    return np.asarray(own + _direction("", dimensions), np.float32)


@lru_cache(maxsize=20_000)
def _direction(word: str, dimensions: int) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
    drawn: NDArray[np.float64] = np.random.default_rng(seed).standard_normal(dimensions) / dimensions**0.5
    return drawn
