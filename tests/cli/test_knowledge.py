"""`callctl knowledge`, as the shop's people type it."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.knowledge.editing import put, tag_of, written
from ops.embedded.postgres import EmbeddedPostgres
from tests.cli.running import callctl
from tests.knowledge.shop import write


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as server:
            settings = {"DATABASE_URL": server.url}
            assert callctl("db", "migrate", settings=settings, folder=Path(name)).returncode == 0
            yield settings


def test_load_list_show_search(settings: dict[str, str], tmp_path: Path) -> None:
    empty = callctl("knowledge", "list", settings=settings, folder=tmp_path).stdout
    assert empty == "there is no article: callctl knowledge load DIR brings some\n"
    shelf = write(
        tmp_path / "shelf", {"delivery.md": "Доставка шин коштує сто гривень.", "returns.md": "Повертаємо все."}
    )
    loaded = callctl("knowledge", "load", str(shelf), settings=settings, folder=tmp_path)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert loaded.stdout.splitlines()[:3] == [
        "added delivery.md", "added returns.md", "2 added, 0 updated, 0 removed, 0 unchanged",
    ]  # fmt: skip

    write(shelf, {"broken.md": "---\noops"})
    (shelf / "returns.md").unlink()
    again = callctl("knowledge", "load", settings=settings | {"KNOWLEDGE_DIRECTORY": str(shelf)}, folder=tmp_path)
    assert (again.returncode, "removed returns.md" in again.stdout) == (1, True)
    assert again.stderr == "left out broken.md: no front matter between two lines of ---\n"

    rows = json.loads(callctl("knowledge", "list", "--json", settings=settings, folder=tmp_path).stdout)
    assert [(row["path"], row["category"], row["chunks"]) for row in rows] == [("delivery.md", "faq", 1)]
    assert "delivery.md" in callctl("knowledge", "list", settings=settings, folder=tmp_path).stdout
    shown = callctl("knowledge", "show", "delivery", settings=settings, folder=tmp_path).stdout
    assert "[1/1] delivery\nДоставка шин" in shown

    found = callctl("knowledge", "search", "сколько стоит доставка", settings=settings, folder=tmp_path)
    assert (found.returncode, "сто гривень" in found.stdout) == (0, True)
    explained = callctl("knowledge", "search", "доставка", "--explain", "--json", settings=settings, folder=tmp_path)
    assert json.loads(explained.stdout)[0].keys() >= {"path", "words", "similarity", "score", "answers"}
    nothing = callctl("knowledge", "search", "рецепт борщу", settings=settings, folder=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (1, "nothing found\n")


def test_what_people_wrote_is_left_and_named(settings: dict[str, str], tmp_path: Path) -> None:
    shelf = write(tmp_path / "shelf", {"delivery.md": "Доставка сто гривень."})
    callctl("knowledge", "load", str(shelf), settings=settings, folder=tmp_path)
    edited = written("delivery.md", "delivery", "faq", "Доставка двісті гривень.")
    found = json.loads(callctl("knowledge", "show", "delivery", "--json", settings=settings, folder=tmp_path).stdout)
    trio.run(put, DatabaseConfig(url=SecretStr(settings["DATABASE_URL"])), edited, tag_of(found["content_hash"]))

    again = callctl("knowledge", "load", str(shelf), settings=settings, folder=tmp_path)
    assert again.stdout.splitlines() == [
        "kept delivery.md", "0 added, 0 updated, 0 removed, 0 unchanged",
        "1 kept as written in the console: --replace takes the directory's instead",
    ]  # fmt: skip
    started = callctl("knowledge", "load", "--if-empty", str(shelf), settings=settings, folder=tmp_path)
    assert (started.returncode, started.stdout) == (0, "there are articles already: nothing was loaded\n")
    replaced = callctl("knowledge", "load", "--replace", str(shelf), settings=settings, folder=tmp_path)
    assert replaced.stdout.startswith("updated delivery.md\n")


def test_what_is_shown_is_what_the_bot_is_given(settings: dict[str, str], tmp_path: Path) -> None:
    texts = {f"{n}.md": f"Доставка коштує {n} гривень." for n in range(6)}
    callctl("knowledge", "load", str(write(tmp_path / "many", texts)), settings=settings, folder=tmp_path)

    def found(*options: str) -> str:
        return callctl("knowledge", "search", "доставка", *options, settings=settings, folder=tmp_path).stdout

    given = [each["path"] for each in json.loads(found("--json"))]
    assert len(given) == 3
    explained = json.loads(found("--json", "--explain"))
    assert [each["path"] for each in explained if each["given"]] == given
    assert all(each["answers"] for each in explained)
    table = found("--explain")
    assert (table.count("✓"), table.count("·")) == (3, 3)
    assert all(f"({path})" in found() for path in given)


def test_eval_tells_the_failures(settings: dict[str, str], tmp_path: Path) -> None:
    shelf = write(tmp_path / "shelf", {"delivery.md": "Доставка шин коштує сто гривень."})
    callctl("knowledge", "load", str(shelf), settings=settings, folder=tmp_path)
    questions = tmp_path / "questions.toml"
    questions.write_text(
        '[uk]\n"delivery.md" = ["Яка доставка?"]\nnothing = ["Рецепт борщу"]\n[ru]\n"x.md" = ["Борщ?"]\n'
    )
    told = callctl("knowledge", "eval", str(questions), settings=settings, folder=tmp_path)
    assert told.returncode == 1
    assert told.stdout.startswith("[ru] Борщ?\n    wanted x.md, found nothing\n")
    figures = json.loads(
        callctl("knowledge", "eval", str(questions), "--json", settings=settings, folder=tmp_path).stdout
    )
    assert [(row["kind"], row["recall"]) for row in figures["recalls"]] == [("uk", 1.0), ("ru", 0.0), ("all", 0.5)]
    assert [each["text"] for each in figures["failures"]] == ["Борщ?"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["load"], "give a directory, or set KNOWLEDGE_DIRECTORY"),
        (["load", "nowhere"], "nowhere is not a directory"),
        (["show", "nowhere"], "there is no article 'nowhere'; `callctl knowledge list` lists them"),
        (["search", "доставка", "--category", "shoes"], "--category shoes: give one of brands"),
        (["eval", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_a_mistake_is_one_line(settings: dict[str, str], tmp_path: Path, line: list[str], why: str) -> None:
    ended = callctl("knowledge", *line, settings=settings, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert why in ended.stderr
    assert ended.stderr.count("\n") == 1
