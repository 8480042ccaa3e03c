import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.dialogue.sentences import SentenceSplitter


def split(text: str) -> list[str]:
    splitter = SentenceSplitter()
    return [*splitter.push(text), *splitter.flush()]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Добрий день! Чим допомогти? Слухаю.", ["Добрий день!", "Чим допомогти?", "Слухаю."]),
        ("Коштує 2 350,50 грн. за штуку.", ["Коштує 2 350,50 грн. за штуку."]),
        ("Коштує 2350 грн. Є 4 шт. Беремо?", ["Коштує 2350 грн.", "Є 4 шт.", "Беремо?"]),
        ("Шини 205/55 R16. Ціна 2350.50 грн.", ["Шини 205/55 R16.", "Ціна 2350.50 грн."]),
        ("Запис на 22.11.2026 о 14:30. Підходить?", ["Запис на 22.11.2026 о 14:30.", "Підходить?"]),
        ("Це вул. Хрещатик, буд. 22, м. Київ. Так?", ["Це вул. Хрещатик, буд. 22, м. Київ.", "Так?"]),
        ("Диски, шини і т. д. Усе є.", ["Диски, шини і т. д.", "Усе є."]),
        ("Менеджер О. П. Коваль чекає.", ["Менеджер О. П. Коваль чекає."]),
        ("Ст. м. Лук'янівська поруч. Їдьте.", ["Ст. м. Лук'янівська поруч.", "Їдьте."]),
        ("Напишіть «Так. Згоден.» у відповідь. Дякую.", ["Напишіть «Так. Згоден.» у відповідь.", "Дякую."]),
        ("Він спитав: «Як?» Добре.", ["Він спитав: «Як?»", "Добре."]),
        ("Ну... добре. Далі", ["Ну... добре.", "Далі"]),
        ("Справді?! Так.", ["Справді?", "Так."]),
        ('Діаметр 16" підходить. Так.', ['Діаметр 16" підходить.', "Так."]),
        ("**Nokian** — `2350` грн.", ["Nokian — 2350 грн."]),
        ("Є два:\n- Nokian\n- Michelin", ["Є два:", "Nokian", "Michelin"]),
        ("1. Nokian. 2350 грн.\n2. Michelin.", ["Nokian.", "2350 грн.", "Michelin."]),
        ("Дивіться [каталог](https://a.ua/b).", ["Дивіться каталог."]),
        ("   ", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


def test_first_clause_leaves_early_and_only_the_first() -> None:
    text = (
        "Зараз у наявності є три моделі цього розміру, найдешевша з них коштує 2 350 грн. Якщо хочете взяти, скажіть."
    )
    assert split(text) == [
        "Зараз у наявності є три моделі цього розміру,",
        "найдешевша з них коштує 2 350 грн.",
        "Якщо хочете взяти, скажіть.",
    ]


def test_first_clause_stays_whole_when_short_or_nearly_done() -> None:
    assert split("Так, зимові шини цього розміру є в наявності.") == ["Так, зимові шини цього розміру є в наявності."]
    assert split("Які шини вам потрібні: зимові, літні чи всесезонні?") == [
        "Які шини вам потрібні: зимові, літні чи всесезонні?"
    ]
    assert split("Зараз у наявності є три моделі, так. Далі") == ["Зараз у наявності є три моделі, так.", "Далі"]


def test_marks_leave_at_once_and_a_dot_with_the_next_character() -> None:
    splitter = SentenceSplitter()
    assert splitter.push("Скільки шин?") == ["Скільки шин?"]
    assert splitter.push(" Є чотири.") == []
    assert splitter.push(" ") == ["Є чотири."]
    assert splitter.push("Ціна 2350.") == []
    assert splitter.push(" ") == [], "a number may go on"
    assert splitter.push("А") == ["Ціна 2350."]


_words = st.sampled_from(
    ["Так", "є", "2 350,50", "205/55", "R16", "вул", "грн", "т", "д", "О", "Nokian", "14:30", "наявності", "22.11.2026"]
)
_glue = st.sampled_from(
    [" ", " ", " ", ". ", ", ", "? ", "! ", "…", "... ", "\n", " — ", " «", "» ", '"', ".» ", "?! "]
)
_texts = st.lists(st.tuples(_words, _glue), max_size=30).map(lambda pairs: "".join(w + g for w, g in pairs))


@given(_texts, st.data())
@example("Діаметр «16. Так, зимові шини цього розміру є в наявності, так.", None)
def test_any_cut_of_the_stream_gives_the_same_sentences(text: str, data: st.DataObject | None) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20))) if data else list(range(len(text)))
    splitter = SentenceSplitter()
    pieces = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        pieces += splitter.push(text[start:end])
    pieces += splitter.flush()
    assert pieces == split(text)
    assert all(piece.strip() for piece in pieces)


@given(_texts)
def test_nothing_is_lost(text: str) -> None:
    def letters(value: str) -> str:
        return "".join(c for c in value if c.isalnum() or c in ",:/")

    assert letters("".join(split(text))) == letters(text)
