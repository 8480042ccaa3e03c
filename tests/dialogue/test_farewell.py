import pytest

from engine.dialogue.farewell import is_farewell


@pytest.mark.parametrize(
    "text",
    [
        "Дякую, до побачення",
        "До побачення!",
        "Спасибо, до свидания.",
        "Дякуємо за дзвінок. Гарного дня!",
        "Всього найкращого",
        "ну все, бувайте",
        "Спасибо, пока",
        "Добре, пока.",
        "До зв’язку!",
    ],
)
def test_goodbyes(text: str) -> None:
    assert is_farewell(text)


@pytest.mark.parametrize(
    "text",
    [
        "Дякую",
        "Дякую, а є ще зимові?",
        "До побачення... зачекайте, а доставка?",
        "Пока не знаю",
        "пока що ні",
        "Покажіть ще варіанти",
        "Добрий день",
        "",
    ],
)
def test_not_goodbyes(text: str) -> None:
    assert not is_farewell(text)
