"""What became of a reindex, in a line for people."""

from engine.knowledge.embeddings.reindex import Reindexed


def told(done: Reindexed | None) -> str:
    if done is None:
        return "every chunk has its vector: nothing to do"
    line = f"set {done.active.id}, {done.active.made}, is active: {done.embedded} chunks embedded, {done.copied} copied"
    return f"{line}; dropped set {', '.join(map(str, done.dropped))}" if done.dropped else line
