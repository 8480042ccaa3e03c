"""Reading the shop's articles."""

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.knowledge.articles import Article, load_articles, parse_article

SEED = Path(__file__).parents[2] / "ops" / "seed" / "knowledge"
CATEGORIES = {
    "brands", "guides", "faq", "comparisons", "delivery", "payment", "returns", "warranty", "fitting", "general",
}  # fmt: skip


def test_front_matter_and_text() -> None:
    source = "---\ntitle: Час: з 9 до 18\ncategory: faq\nauthor: nobody\n---\nТекст.\n\n---\nЩе.\n"
    assert parse_article(source) == Article("Час: з 9 до 18", "faq", "Текст.\n\n---\nЩе.")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "Текст без усього",
        "---\ntitle: A\n---\nТекст",
        "---\ntitle: A\ncategory: b\n---\n  \n",
        "---\ntitle: A\nТекст",
    ],
)
def test_what_is_no_article(source: str) -> None:
    with pytest.raises(ValueError, match=r"needed|front matter"):
        parse_article(source)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("---\ntitle: A\ncategory: b\n---\nT", encoding="utf-8")
    assert len(load_articles(tmp_path)) == 1
    (tmp_path / "bad.md").write_text("oops", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.md"):
        load_articles(tmp_path)
    with pytest.raises(ConfigError, match="not a directory"):
        load_articles(tmp_path / "nowhere")


def test_the_seeded_articles_fit_the_tool() -> None:
    articles = load_articles(SEED)
    assert len(articles) >= 8
    assert {article.category for article in articles} <= CATEGORIES
    assert all(200 < len(article.text) < 1500 for article in articles)
