"""Reading the shop's articles from files."""

from datetime import date
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.knowledge.articles import CATEGORIES, Article, parse_article, read_directory
from tests.knowledge.shop import SEED, write


def test_front_matter_and_text() -> None:
    source = "---\ntitle: Час: з 9 до 18\ncategory: faq\nvalid-until: 2027-03-31\n\n---\nТекст.\n\n---\nЩе.\n"
    assert parse_article("a.md", source) == Article(
        "a.md", "Час: з 9 до 18", "faq", "Текст.\n\n---\nЩе.", "uk", date(2027, 3, 31)
    )
    quoted = '---\ntitle: "Графік"\ncategory: faq\nlanguage: ru\n---\nТ'
    assert (parse_article("b.md", quoted).title, parse_article("b.md", quoted).language) == ("Графік", "ru")


def test_what_nobody_sees_is_left_out() -> None:
    hidden = "---\ntitle: A\ncategory: faq\n---\nВи\u200bдно\x00 це\u202e.\n"
    assert parse_article("a.md", hidden).text == "Видно це."


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "front matter"),
        ("Текст без усього", "front matter"),
        ("---\ntitle: A\nТекст", "front matter"),
        ("---\ntitle: A\n---\nТекст", "category is missing"),
        ("---\ncategory: faq\n---\nТекст", "title is missing"),
        ("---\ntitle:\ncategory: faq\n---\nТекст", "title is missing"),
        ("---\ntitle: A\ncategory: faq\n---\n  \n", "no text"),
        ("---\ntitle: A\ncategory: faq\n---\n# Лише заголовок\n", "no text"),
        ("---\ntitle: A\ncategory: shoes\n---\nТ", "unknown category 'shoes'; there are: brands"),
        ("---\ntitle: A\ncategory: faq\nautor: B\n---\nТ", "unknown field 'autor'"),
        ("---\ntitle: A\ntitle: B\ncategory: faq\n---\nТ", "there twice"),
        ("---\ntitle: A\ncategory: faq\nщось\n---\nТ", "not `name: value`"),
        ("---\ntitle: A\ncategory: faq\nvalid_until: завтра\n---\nТ", "give a date"),
        ("---\ntitle: A\ncategory: faq\nlanguage: українська\n---\nТ", "two letters"),
        (f"---\ntitle: {'A' * 200}\ncategory: faq\n---\nТ", "longer than"),
    ],
)
def test_what_is_no_article(source: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_article("a.md", source)


def test_a_broken_file_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"good.md": "Т", "in/folder.md": "Т", "bad.md": "---\noops", "notes.txt": "oops"})
    (tmp_path / "latin.md").write_bytes("---\ntitle: Ціна\n".encode("cp1251"))
    (tmp_path / "link.md").symlink_to(tmp_path / "away.md")
    found = read_directory(tmp_path)
    assert [each.path for each in found.articles] == ["good.md", "in/folder.md"]
    assert {each.path: each.reason for each in found.broken} == {
        "bad.md": "no front matter between two lines of ---", "latin.md": "not UTF-8",
        "link.md": "No such file or directory",
    }  # fmt: skip


def test_a_directory_without_articles_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a directory"):
        read_directory(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no article"):
        read_directory(tmp_path)


def test_the_sample_articles_are_whole() -> None:
    found = read_directory(SEED)
    assert found.broken == ()
    assert len(found.articles) >= 40
    assert {each.category for each in found.articles} == set(CATEGORIES)
    assert all(110 <= len(each.text.split()) <= 350 for each in found.articles)
    assert len({each.title for each in found.articles}) == len(found.articles)
