"""Which instructions a call gets: by share, the same for the same call, and without ever waiting."""

from collections import Counter
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from engine.database import Database
from engine.records.prompt_choice import PromptChoice, choose
from engine.records.prompt_versions import activate, create, prompt_version, shares_tag

PACKAGED = prompt_version("uk", "texts/uk.toml", "Ти продавець.")
NEW = prompt_version("uk", "new", "Ти чемний продавець.")
FOREIGN = prompt_version("pl", "pl", "Jesteś sprzedawcą.")
CALLS = [UUID(int=number * 2**32 // 1000) for number in range(1000)]


def test_each_has_its_share_and_the_program_the_rest() -> None:
    counts = Counter(choose({NEW: 0.25, FOREIGN: 0.5}, PACKAGED, call_id).id for call_id in CALLS)
    assert counts == {NEW.id: 250, FOREIGN.id: 500, PACKAGED.id: 250}


@given(st.uuids(), st.floats(0.001, 1))
def test_a_call_keeps_its_own(call_id: UUID, share: float) -> None:
    assert choose({NEW: share}, PACKAGED, call_id) == choose({NEW: share}, PACKAGED, call_id)
    assert choose({}, PACKAGED, call_id) == PACKAGED
    assert choose({NEW: 1.0}, PACKAGED, call_id) == NEW


async def test_what_is_active_in_the_database_is_chosen_from(database: Database) -> None:
    await database.execute("TRUNCATE prompt_versions")
    choice = PromptChoice(PACKAGED)
    assert choice(uuid4()) == PACKAGED
    for version in (NEW, FOREIGN):
        await create(database, version, "user olena")
    assert await activate(database, {NEW.id: 0.5, FOREIGN.id: 0.5}, shares_tag({}), "user olena")
    await choice.look(database)
    assert {choice(call_id).id for call_id in CALLS} == {NEW.id, PACKAGED.id}, "of its own language only"


async def test_shares_are_changed_by_who_knows_them(database: Database) -> None:
    await database.execute("TRUNCATE prompt_versions, prompt_activations")
    await create(database, NEW, None)
    assert not await activate(database, {NEW.id: 1.0}, "stale", "user olena")
    assert not await activate(database, {"0" * 12: 1.0}, shares_tag({}), "user olena")
    assert await activate(database, {NEW.id: 1.0}, shares_tag({}), "user olena")
    assert not await activate(database, {}, shares_tag({}), "user ivan")
    assert await activate(database, {}, shares_tag({NEW.id: 1.0}), "user ivan")
    kept = await database.fetch("SELECT who, shares FROM prompt_activations ORDER BY id")
    assert kept == [{"who": "user olena", "shares": {NEW.id: 1.0}}, {"who": "user ivan", "shares": {}}]
