"""Users, links, sessions, keys and attempts, against a real PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
import trio

from engine.access import attempts, audit, keys, links, sessions, users
from engine.access.first_admin import NAME, first_link
from engine.access.identity import Role
from engine.access.login import LoggedIn, Wait, Wrong, log_in, set_password
from engine.access.passwords import Passwords, weakness
from engine.access.tokens import csrf_token, digest, new_token, same
from engine.access.users import User
from engine.database import Database

PASSWORD = "правильний кінь батарея"
ADDRESS = "203.0.113.7"


@pytest.fixture
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
async def olena(database: Database, passwords: Passwords) -> User:
    """A supervisor with a password."""
    user = await users.add(database, "Olena", Role.SUPERVISOR)
    assert user is not None
    assert await links.redeem(database, await links.issue(database, user), await passwords.hash(PASSWORD))
    return user


def test_roles_are_in_order() -> None:
    assert [[a.allows(b) for b in Role] for a in Role] == [
        [True, False, False], [True, True, False], [True, True, True],
    ]  # fmt: skip


def test_tokens_are_new_each_time_and_kept_as_a_hash() -> None:
    one, other = new_token(), new_token()
    assert one != other
    assert one.encode() not in digest(one)
    assert same(csrf_token(one), csrf_token(one))
    assert not same(csrf_token(one), csrf_token(other))


@pytest.mark.parametrize(
    ("password", "is_weak"),
    [("short", True), ("x" * 300, True), ("aaaaaaaaaaaa", True), ("olena-olena-1!", True), (PASSWORD, False)],
)
def test_weak_passwords_are_named(password: str, is_weak: bool) -> None:
    assert (weakness(password, "Olena") is not None) == is_weak


async def test_a_password_is_known_again_and_no_other(passwords: Passwords) -> None:
    known = await passwords.hash(PASSWORD)
    assert PASSWORD not in known
    assert await passwords.verify(known, PASSWORD)
    assert not await passwords.verify(known, PASSWORD + " ")
    assert not await passwords.verify(None, PASSWORD)
    assert not await passwords.verify(None, "nobody's")
    assert not await passwords.verify("no hash", PASSWORD)


async def test_a_name_is_taken_once_whatever_its_case(database: Database, olena: User) -> None:
    assert await users.add(database, "OLENA", Role.ADMIN) is None
    found = await users.find(database, "olena")
    assert found is not None
    assert (found.id, found.state) == (olena.id, "active")


async def test_logging_in_opens_a_session(database: Database, passwords: Passwords, olena: User) -> None:
    done = await log_in(database, passwords, "olena", PASSWORD, ADDRESS)
    assert isinstance(done, LoggedIn)
    who = await sessions.identify(database, done.token)
    assert who is not None
    assert (who.id, str(who), who.role) == (olena.id, "user Olena", Role.SUPERVISOR)
    await sessions.end(database, done.token)
    assert await sessions.identify(database, done.token) is None


@pytest.mark.parametrize(("name", "password"), [("olena", "wrong"), ("nobody", PASSWORD), ("", "")])
async def test_whatever_is_wrong_is_the_same_answer(
    database: Database, passwords: Passwords, olena: User, name: str, password: str
) -> None:
    assert await log_in(database, passwords, name, password, ADDRESS) == Wrong()
    assert [entry.what for entry in await audit.listed(database, before=None, limit=1)] == ["session.refused"]


async def test_who_has_set_no_password_cannot_log_in(database: Database, passwords: Passwords) -> None:
    await users.add(database, "ivan", Role.VIEWER)
    assert await log_in(database, passwords, "ivan", "", ADDRESS) == Wrong()


async def test_an_account_is_closed_for_a_while_to_who_guesses_and_to_nobody_else(
    database: Database, passwords: Passwords, olena: User
) -> None:
    """The right password no longer helps where the wrong ones came from; its owner comes from elsewhere."""
    for _ in range(attempts.LIMITS["pair"]):
        assert await log_in(database, passwords, "olena", "wrong", ADDRESS) == Wrong()
    done = await log_in(database, passwords, "OLENA", PASSWORD, ADDRESS)
    assert isinstance(done, Wait)
    assert 0 < done.seconds <= attempts.WINDOW.total_seconds()
    assert await log_in(database, passwords, "ivan", "wrong", ADDRESS) == Wrong()
    assert isinstance(await log_in(database, passwords, "olena", PASSWORD, "198.51.100.1"), LoggedIn)


async def test_an_account_is_closed_to_who_guesses_from_everywhere(database: Database) -> None:
    assert await attempts.count(database, ADDRESS, "olena") is None
    await database.execute("UPDATE login_attempts SET attempts = %s", [attempts.LIMITS["account"]])
    assert await attempts.count(database, "198.51.100.1", "olena") is not None
    assert await attempts.count(database, "198.51.100.1", "ivan") is None


async def test_all_of_an_ipv6_network_is_one_address(database: Database) -> None:
    """Its owner has more of them than there are attempts."""
    waits = [await attempts.count(database, f"2001:db8::{n:x}:1", "olena") for n in range(attempts.LIMITS["pair"] + 1)]
    assert [wait is None for wait in waits] == [True] * attempts.LIMITS["pair"] + [False]
    assert await attempts.count(database, "2001:db8:0:1::1", "olena") is None
    assert await attempts.count(database, "::ffff:198.51.100.1", "olena") is None


async def test_an_address_that_has_had_its_share_locks_nobody_out(
    database: Database, passwords: Passwords, olena: User
) -> None:
    for number in range(attempts.LIMITS["address"]):
        assert await log_in(database, passwords, f"guess{number}", "wrong", ADDRESS) == Wrong()
    for _ in range(3):
        assert isinstance(await log_in(database, passwords, "olena", "wrong", ADDRESS), Wait)
    [row] = await database.fetch("SELECT max(attempts) AS most FROM login_attempts")
    assert row["most"] == attempts.LIMITS["address"] + 3, "nothing was counted against the account"
    assert isinstance(await log_in(database, passwords, "olena", PASSWORD, "198.51.100.1"), LoggedIn)


async def test_many_guesses_at_once_count_each(database: Database) -> None:
    waits: list[int | None] = []

    async def guess() -> None:
        waits.append(await attempts.count(database, ADDRESS))

    async with trio.open_nursery() as nursery:
        for _ in range(attempts.LIMITS["address"] + 5):
            nursery.start_soon(guess)
    assert waits.count(None) == attempts.LIMITS["address"]


async def test_attempts_are_forgotten_in_time(database: Database) -> None:
    for _ in range(attempts.LIMITS["address"] + 1):
        await attempts.count(database, ADDRESS)
    await database.execute("UPDATE login_attempts SET forgotten_at = now() - interval '1 second'")
    assert await attempts.count(database, ADDRESS) is None


async def test_a_link_sets_a_password_once(database: Database, passwords: Passwords) -> None:
    user = await users.add(database, "ivan", Role.VIEWER)
    assert user is not None
    void, token = await links.issue(database, user), await links.issue(database, user)
    assert await set_password(database, passwords, void, PASSWORD, ADDRESS) == Wrong()
    weak = await set_password(database, passwords, token, "short", ADDRESS)
    assert isinstance(weak, Wrong)
    assert weak.mend
    assert isinstance(await set_password(database, passwords, token, PASSWORD, ADDRESS), LoggedIn)
    assert await set_password(database, passwords, token, PASSWORD + "!", ADDRESS) == Wrong()
    assert isinstance(await log_in(database, passwords, "ivan", PASSWORD, ADDRESS), LoggedIn)


async def test_a_link_that_is_too_old_sets_nothing(database: Database, passwords: Passwords, olena: User) -> None:
    token = await links.issue(database, olena, timedelta(seconds=-1))
    assert await set_password(database, passwords, token, PASSWORD, ADDRESS) == Wrong()


async def test_another_password_ends_what_was_open(database: Database, passwords: Passwords, olena: User) -> None:
    session = await sessions.begin(database, olena, ADDRESS)
    assert await links.redeem(database, await links.issue(database, olena), await passwords.hash("another one, longer"))
    assert await sessions.identify(database, session) is None
    assert await log_in(database, passwords, "olena", PASSWORD, ADDRESS) == Wrong()


async def test_a_disabled_user_is_out_at_once(database: Database, passwords: Passwords, olena: User) -> None:
    session, link = await sessions.begin(database, olena, ADDRESS), await links.issue(database, olena)
    await users.set_disabled(database, olena.id, True)
    assert await sessions.identify(database, session) is None
    assert await links.whose(database, link) is None
    assert await log_in(database, passwords, "olena", PASSWORD, ADDRESS) == Wrong()
    await users.set_disabled(database, olena.id, False)
    assert isinstance(await log_in(database, passwords, "olena", PASSWORD, ADDRESS), LoggedIn)


@pytest.mark.parametrize("column", ["expires_at = now()", "seen_at = now() - interval '31 minutes'"])
async def test_a_session_ends_by_itself(database: Database, olena: User, column: str) -> None:
    session = await sessions.begin(database, olena, ADDRESS)
    assert await sessions.identify(database, session) is not None
    await database.execute(f"UPDATE user_sessions SET {column}")
    assert await sessions.identify(database, session) is None


async def test_a_session_in_use_is_not_idle(database: Database, olena: User) -> None:
    session = await sessions.begin(database, olena, ADDRESS)
    await database.execute("UPDATE user_sessions SET seen_at = now() - interval '29 minutes'")
    assert await sessions.identify(database, session) is not None
    [row] = await database.fetch("SELECT now() - seen_at < interval '1 minute' AS fresh FROM user_sessions")
    assert row["fresh"]


async def test_a_key_is_known_until_it_is_revoked_or_expires(database: Database) -> None:
    key = await keys.issue(database, "report", Role.VIEWER, None)
    who = await keys.identify(database, key)
    assert who is not None
    assert (who.kind, who.role) == ("key", Role.VIEWER)
    assert await keys.identify(database, key[:-1]) is None
    [known] = await keys.listed(database)
    assert (known.name, known.prefix in key, known.used_at is not None) == ("report", True, True)
    assert await keys.revoke(database, known.prefix)
    assert not await keys.revoke(database, known.prefix)
    assert await keys.identify(database, key) is None
    expired = await keys.issue(database, "old", Role.ADMIN, datetime.now(UTC) - timedelta(seconds=1))
    assert await keys.identify(database, expired) is None


async def test_nothing_kept_is_what_opens(database: Database, olena: User) -> None:
    """Whoever reads the tables can use nothing of them."""
    opens = [
        await sessions.begin(database, olena, ADDRESS), await links.issue(database, olena),
        await keys.issue(database, "report", Role.VIEWER, None), PASSWORD,
    ]  # fmt: skip
    kept = ""
    for table in ("users", "user_sessions", "access_links", "api_keys"):
        kept += str(await database.fetch("SELECT t::text AS row FROM {table} t", names={"table": table}))
    assert [secret for secret in opens if secret in kept] == []


async def test_the_trail_masks_phones(database: Database) -> None:
    await audit.note(database, "user olena", "customers.read", "+380671234567", ADDRESS)
    await audit.note(database, "user olena", "calls.list", "caller=+380671234567&limit=5", ADDRESS)
    newest, oldest = await audit.listed(database, before=None, limit=10)
    assert "1234567" not in newest.object + oldest.object
    assert oldest.object == "+38067***4567"
    assert await audit.listed(database, before=newest.id, limit=10) == [oldest]


async def test_the_first_administrator_gets_a_link_while_nobody_can_log_in(
    database: Database, passwords: Passwords
) -> None:
    token = await first_link(database)
    assert token is not None
    assert await first_link(database) is None, "another engine that starts now prints no second one"
    await database.execute("UPDATE access_links SET issued_at = now() - interval '10 minutes'")
    again = await first_link(database)
    assert again is not None
    assert isinstance(await set_password(database, passwords, again, PASSWORD, ADDRESS), LoggedIn)
    assert await first_link(database) is None
    [admin] = await users.listed(database)
    assert (admin.name, admin.role) == (NAME, Role.ADMIN)
