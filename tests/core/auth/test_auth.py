import asyncio
from typing import Protocol

import pytest
from sqlalchemy import inspect, select

from regie.auth import Auth, TooManyAttempts
from regie.auth.models import SessionRow, TokenRow, UserRow
from regie.errors import InvalidData, NotFound, Unauthorized
from regie.storage import Database

PASSWORD = "correct horse"
HERE = "192.0.2.7"


class Clock(Protocol):
    now: float


async def test_the_first_account_is_an_admin_and_there_is_only_one_first(auth: Auth) -> None:
    assert await auth.needs_first_run()
    admin = await auth.create_first_admin("Ada", PASSWORD, address="127.0.0.1", is_local=True)
    assert admin.is_admin
    assert not await auth.needs_first_run()
    with pytest.raises(Unauthorized, match="made already"):
        await auth.create_first_admin("Eve", PASSWORD, address="127.0.0.1", is_local=True)


async def test_two_first_visitors_at_once_make_one_account(auth: Auth) -> None:
    visits = [auth.create_first_admin(name, PASSWORD, address="127.0.0.1", is_local=True) for name in ("Ada", "Eve")]
    results = await asyncio.gather(*visits, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Unauthorized", "User"]


async def test_from_elsewhere_the_first_account_wants_the_printed_code(auth: Auth) -> None:
    for code in ("", "AAAA-AAAA", auth.first_run_code[:-1], "é", "\udce9"):
        with pytest.raises(Unauthorized, match="code"):
            await auth.create_first_admin("Eve", PASSWORD, address=HERE, code=code)
    code = auth.first_run_code.lower().replace("-", " ")
    assert (await auth.create_first_admin("Ada", PASSWORD, address=HERE, code=code)).is_admin


async def test_guessing_the_code_is_slowed_down(auth: Auth) -> None:
    for _ in range(10):
        with pytest.raises(Unauthorized, match="code"):
            await auth.create_first_admin("Eve", PASSWORD, address=HERE, code="AAAA-AAAA")
    with pytest.raises(TooManyAttempts):
        await auth.create_first_admin("Eve", PASSWORD, address=HERE, code=auth.first_run_code)


async def test_names_are_compared_without_case(auth: Auth) -> None:
    await auth.create_user("Ada", PASSWORD)
    with pytest.raises(InvalidData, match="already somebody called ADA"):
        await auth.create_user("ADA", PASSWORD)
    assert (await auth.sign_in("  aDa ", PASSWORD, HERE)).user.name == "Ada"


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\x00b", "a\nb", "\u202eevil"])
async def test_a_name_must_be_readable(auth: Auth, name: str) -> None:
    with pytest.raises(InvalidData, match="name"):
        await auth.create_user(name, PASSWORD)


async def test_a_role_must_be_known(auth: Auth) -> None:
    for role in ("public", "root", ""):
        with pytest.raises(InvalidData, match="role"):
            await auth.create_user("Ada", PASSWORD, role)


async def test_a_session_lasts_while_it_is_used(auth: Auth, clock: Clock) -> None:
    await auth.create_user("Ada", PASSWORD)
    session = await auth.sign_in("Ada", PASSWORD, HERE, agent="Firefox")
    for _ in range(3):
        clock.now += 29 * 86_400
        assert await auth.user_for_session(session.cookie) == session.user
    clock.now += 31 * 86_400
    assert await auth.user_for_session(session.cookie) is None
    assert await auth.list_sessions(session.user) == []


async def test_a_cookie_of_another_secret_or_session_is_nobody(auth: Auth) -> None:
    await auth.create_user("Ada", PASSWORD)
    one = await auth.sign_in("Ada", PASSWORD, HERE)
    two = await auth.sign_in("Ada", PASSWORD, HERE)
    mixed = f"{one.id}.{two.cookie.partition('.')[2]}"
    for cookie in (
        "",
        ".",
        one.id,
        f"{one.id}.",
        mixed,
        "é.é",
        "x" * 5000,
        f"{one.id}.\udce9",
        "\udce9.x",
        f"{chr(0) * 26}.x",
    ):
        assert await auth.session_for(cookie) is None


async def test_refusals_say_the_same_for_every_reason(auth: Auth) -> None:
    await auth.create_user("Ada", PASSWORD)
    texts = []
    for name, password in (
        ("Ada", "wrong horse"),
        ("Nobody", PASSWORD),
        ("", ""),
        ("a\x00", "\udce9"),
        ("\udce9", "x"),
    ):
        with pytest.raises(Unauthorized) as caught:
            await auth.sign_in(name, password, HERE)
        texts.append(str(caught.value))
    assert len(set(texts)) == 1


async def test_guessing_is_slowed_by_account_and_by_address(auth: Auth) -> None:
    await auth.create_user("Ada", PASSWORD)
    guesses = [auth.sign_in("Ada", "wrong horse", f"192.0.2.{number}") for number in range(12)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 2
    with pytest.raises(TooManyAttempts) as caught:
        await auth.sign_in("ADA", PASSWORD, HERE)
    assert 290 < caught.value.retry_after_s <= 300


async def test_signing_in_well_is_never_slowed(auth: Auth) -> None:
    await auth.create_user("Ada", PASSWORD)
    for _ in range(12):
        assert (await auth.sign_in("Ada", PASSWORD, HERE)).cookie


async def test_a_new_password_ends_the_sessions_and_their_tokens(auth: Auth) -> None:
    user = await auth.create_user("Ada", PASSWORD)
    session = await auth.sign_in("Ada", PASSWORD, HERE)
    token, expires_in = await auth.session_token(session)
    ended: list[frozenset[str]] = []
    auth.on_end(ended.append)
    assert expires_in == 1800
    assert await auth.user_for_token(token) == user
    with pytest.raises(Unauthorized, match="another one"):
        await auth.change_password(user, "wrong horse", "battery staple", address=HERE)
    await auth.change_password(user, PASSWORD, "battery staple", address=HERE)
    assert await auth.user_for_session(session.cookie) is None
    assert await auth.user_for_token(token) is None
    assert ended == [{session.id}]
    with pytest.raises(Unauthorized):
        await auth.session_token(session)
    assert (await auth.sign_in("Ada", "battery staple", HERE)).cookie


async def test_a_new_role_ends_the_sessions_and_holds_for_tokens(auth: Auth) -> None:
    await auth.create_user("Root", PASSWORD, "admin")
    user = await auth.create_user("Ada", PASSWORD, "admin")
    session = await auth.sign_in("Ada", PASSWORD, HERE)
    token = await auth.create_token(user, "script")
    ended: list[frozenset[str]] = []
    auth.on_end(ended.append)
    await auth.set_role(user, "guest")
    assert await auth.user_for_session(session.cookie) is None
    found = await auth.user_for_token(token)
    assert found is not None
    assert found.role == "guest"
    assert len(ended[0]) == 2


async def test_the_last_admin_stays(auth: Auth) -> None:
    user = await auth.create_user("Ada", PASSWORD, "admin")
    with pytest.raises(InvalidData, match="must remain"):
        await auth.set_role(user, "user")
    with pytest.raises(InvalidData, match="must remain"):
        await auth.remove_user(user)
    assert [one.role for one in await auth.users()] == ["admin"]


async def test_two_admins_cannot_demote_each_other_at_once(auth: Auth) -> None:
    admins = [await auth.create_user(name, PASSWORD, "admin") for name in ("Ada", "Eve")]
    results = await asyncio.gather(*(auth.set_role(one, "user") for one in admins), return_exceptions=True)
    assert sum(isinstance(result, InvalidData) for result in results) == 1
    assert sorted(one.role for one in await auth.users()) == ["admin", "user"]


async def test_a_removed_account_takes_its_sessions_and_tokens_along(auth: Auth) -> None:
    await auth.create_user("Root", PASSWORD, "admin")
    user = await auth.create_user("Ada", PASSWORD)
    session = await auth.sign_in("Ada", PASSWORD, HERE)
    token = await auth.create_token(user, "script")
    await auth.remove_user(user)
    assert await auth.user_for_session(session.cookie) is None
    assert await auth.user_for_token(token) is None
    with pytest.raises(NotFound):
        await auth.find_user("Ada")
    with pytest.raises(NotFound):
        await auth.remove_user(user)


async def test_sessions_are_listed_and_ended_one_by_one(auth: Auth, clock: Clock) -> None:
    user = await auth.create_user("Ada", PASSWORD)
    old = await auth.sign_in("Ada", PASSWORD, HERE, agent="Firef\udce9x")
    clock.now += 10
    new = await auth.sign_in("Ada", PASSWORD, HERE, agent="Chromium")
    listed = await auth.list_sessions(user)
    assert [(one.id, one.agent, one.cookie) for one in listed] == [(new.id, "Chromium", ""), (old.id, "Firef?x", "")]
    await auth.sign_out(old)
    assert [one.id for one in await auth.list_sessions(user)] == [new.id]
    assert old.csrf
    assert old.csrf != new.csrf


async def test_a_token_works_until_it_is_revoked_or_expires(auth: Auth, clock: Clock) -> None:
    user = await auth.create_user("Ada", PASSWORD)
    other = await auth.create_user("Eve", PASSWORD)
    token = await auth.create_token(user, " script ", days=1)
    assert await auth.user_for_token(token) == user
    (known,) = await auth.list_tokens(user)
    assert (known.label, known.seen_at) == ("script", clock.now)
    with pytest.raises(NotFound):
        await auth.revoke(other, known.id)
    clock.now += 86_400 + 11
    assert await auth.user_for_token(token) is None
    clock.now -= 86_400
    assert await auth.user_for_token(token) == user
    await auth.revoke(user, known.id)
    assert await auth.user_for_token(token) is None


async def test_a_label_is_used_once_a_person_and_a_token_has_bounds(auth: Auth) -> None:
    user = await auth.create_user("Ada", PASSWORD)
    await auth.create_token(user, "script")
    await auth.create_token(await auth.create_user("Eve", PASSWORD), "script")
    with pytest.raises(InvalidData, match="label script"):
        await auth.create_token(user, "script")
    for label, days in (("", 1), ("x" * 65, 1), ("a\x00", 1), ("a", 0), ("b", 36_501)):
        with pytest.raises(InvalidData):
            await auth.create_token(user, label, days=days)


async def test_nothing_in_the_database_lets_its_reader_in(auth: Auth, database: Database) -> None:
    user = await auth.create_user("Ada", PASSWORD)
    session = await auth.sign_in("Ada", PASSWORD, HERE)
    token = await auth.create_token(user, "script")
    async with database.read() as connection:
        rows = [str((await connection.execute(select(row))).all()) for row in (UserRow, SessionRow, TokenRow)]
    for secret in (PASSWORD, session.cookie, session.cookie.partition(".")[2], token, token.rpartition(".")[2]):
        assert not any(secret in row for row in rows)


async def test_the_migration_makes_the_tables_that_the_models_describe(auth: Auth, database: Database) -> None:
    assert await auth.needs_first_run()
    described = {
        row.__tablename__: {(column.name, column.nullable) for column in row.__table__.columns}
        for row in (UserRow, SessionRow, TokenRow)
    }
    made = await database.run_sync(
        lambda connection: {
            table: {(column["name"], column["nullable"]) for column in inspect(connection).get_columns(table)}
            for table in described
        }
    )
    assert made == described
