"""Cutting articles: nothing is lost, the order is kept, and every piece fits the window."""

from hypothesis import given
from hypothesis import strategies as st

from engine.knowledge.articles import read_directory
from engine.knowledge.chunking import WINDOW_TOKENS, cut, embedded_text, size
from tests.knowledge.shop import SEED

WORDS = st.text(st.sampled_from("абвгдеїґAB19.,!?-😀"), min_size=1, max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
TEXTS = st.lists(st.one_of(LINES, LINES.map(lambda line: f"## {line}"), st.just("")), min_size=1, max_size=30)
TITLES = st.text(st.sampled_from("абвгд 😀"), min_size=1, max_size=150)


def letters(text: str) -> str:
    return "".join(text.split())


def within(part: str, whole: str) -> bool:
    """Whether all letters of one are in the other, in their order."""
    rest = iter(whole)
    return all(letter in rest for letter in part)


@given(TITLES, TEXTS)
def test_nothing_is_lost_and_the_order_is_kept(title: str, lines: list[str]) -> None:
    body = "\n".join(line for line in lines if not line.startswith("## "))
    pieces = "".join(letters(chunk.text) for chunk in cut(title, "\n".join(lines)))
    assert within(letters(body), pieces)


@given(TITLES, TEXTS)
def test_every_piece_fits_the_window(title: str, lines: list[str]) -> None:
    for chunk in cut(title, "\n".join(lines)):
        assert chunk.text.strip()
        assert size(embedded_text(chunk)) <= 2 * WINDOW_TOKENS


@given(st.text(max_size=3000), st.text(max_size=6000))
def test_any_text_is_survived(title: str, text: str) -> None:
    assert all(size(embedded_text(chunk)) <= 2 * WINDOW_TOKENS for chunk in cut(title, text))


@given(LINES)
def test_little_is_said_twice(line: str) -> None:
    text = " ".join([line] * 10)
    chunks = cut("Назва", text)
    doubled = sum(len(letters(chunk.text)) for chunk in chunks) - len(letters(text))
    assert doubled <= 160 * (len(chunks) - 1)


def test_title_and_headings_go_with_each_piece() -> None:
    text = "Вступ.\n\n## Ціна\nСто.\n\n### Знижка\nП'ять.\n\n## Строк\nДень."
    assert [(chunk.heading, chunk.text) for chunk in cut("Доставка", text)] == [
        ("Доставка", "Вступ."), ("Доставка / Ціна", "Сто."), ("Доставка / Ціна / Знижка", "П'ять."),
        ("Доставка / Строк", "День."),
    ]  # fmt: skip


def test_a_short_last_sentence_is_repeated() -> None:
    sentences = [f"Речення номер {n} про шини і ще про дещо інше." for n in range(60)]
    first, second, *_ = cut("Назва", " ".join(sentences))
    assert second.text.startswith(first.text.rpartition(". ")[2])


def test_paragraphs_and_lists_keep_their_shape() -> None:
    [chunk] = cut("Назва", "Ось що:\n- одне;\n- друге.\n\nНовий\nабзац.")
    assert chunk.text == "Ось що:\n- одне;\n- друге.\n\nНовий абзац."


def test_the_sample_articles_make_few_pieces() -> None:
    counts = [len(cut(each.title, each.text)) for each in read_directory(SEED).articles]
    assert max(counts) <= 5
