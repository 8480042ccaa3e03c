"""Texts as vectors: who makes them, the sets they are kept in, how a set is made anew, and questions of a call."""

from engine.knowledge.embeddings.base import Embedder, Made, Vectors
from engine.knowledge.embeddings.filling import as_sql
from engine.knowledge.embeddings.queries import QueryEmbedder, QueryVector, open_query_embedder
from engine.knowledge.embeddings.sets import EmbeddingSet

__all__ = [
    "Embedder",
    "EmbeddingSet",
    "Made",
    "QueryEmbedder",
    "QueryVector",
    "Vectors",
    "as_sql",
    "open_query_embedder",
]
