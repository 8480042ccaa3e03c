"""How two lists become one, and what counts as an answer."""

from hypothesis import given
from hypothesis import strategies as st

from engine.knowledge.ranking import Found, Hit, Scale, rank

SCALE = Scale(0.5, 0.9)


def hit(number: int, score: float, *, path: str | None = None, category: str = "faq") -> Hit:
    return Hit(Found(number, path or f"{number}.md", "Назва", category, "Назва", "Текст"), score)


HITS = st.lists(st.tuples(st.integers(1, 30), st.floats(0, 1)), max_size=20, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [hit(number, score, path=f"{number % 7}.md") for number, score in pairs]
)


def paths(by_words: list[Hit], by_vectors: list[Hit], category: str | None = None) -> list[str]:
    return [each.found.path for each in rank(by_words, by_vectors, SCALE, category)]


def test_what_both_lists_have_comes_first() -> None:
    assert paths([hit(1, 0.9), hit(2, 0.8)], [hit(3, 0.9), hit(2, 0.8)])[0] == "2.md"


def test_an_article_is_there_once_by_its_best_chunk_and_both_scores() -> None:
    words = [hit(1, 0.5, path="a.md"), hit(2, 0.4, path="a.md")]
    [only] = rank(words, [hit(2, 0.9, path="a.md"), hit(3, 0.8, path="a.md")], SCALE)
    assert (only.found.chunk_id, only.words, only.similarity) == (2, 0.5, 0.9)


def test_a_category_moves_a_neighbour_not_the_world() -> None:
    words = [hit(n, 1 - n / 20) for n in range(10)]
    moved = [*words[:1], hit(1, 0.95, category="delivery"), *words[2:]]
    assert paths(moved, [], "delivery")[0] == "1.md"
    assert paths([*words, hit(99, 0.1, category="delivery")], words, "delivery")[0] == "0.md"


def test_without_vectors_words_decide() -> None:
    good, poor = rank([hit(1, 0.6), hit(2, 0.1)], [], None)
    assert (good.answers, poor.answers) == (True, False)
    assert good.similarity is None


def test_near_or_named_or_a_little_of_both() -> None:
    ranked = rank([hit(1, 0.9), hit(2, 0.3), hit(4, 0.1)], [hit(3, 0.95), hit(2, 0.8), hit(1, 0.6), hit(4, 0.6)], SCALE)
    assert {each.found.chunk_id: each.answers for each in ranked} == {1: True, 2: True, 3: True, 4: False}


@given(HITS, HITS)
def test_whatever_comes_each_article_is_there_once_best_first(by_words: list[Hit], by_vectors: list[Hit]) -> None:
    ranked = rank(by_words, by_vectors, SCALE)
    paths = [each.found.path for each in ranked]
    assert sorted(paths) == sorted({hit.found.path for hit in (*by_words, *by_vectors)})
    scores = [each.score for each in ranked]
    assert scores == sorted(scores, reverse=True)
