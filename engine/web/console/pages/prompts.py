"""The model's instructions: versions, what tells two of them apart, and which share of new calls each is given."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import fsum
from typing import Final, Literal

import trio
from starlette.responses import Response

from engine.access.identity import Role
from engine.database import Row
from engine.records.prompt_versions import activate, active, create, find, listed, prompt_version, shares_tag
from engine.web.api.answers import missing
from engine.web.console.visit import PREFIX, Entry, Visit

_AROUND: Final = 3
_WHOLE: Final = 100.0
_ROUNDING: Final = 1e-6
_FIELD: Final = "share."
_LONGEST_NAME: Final = 200
_LONGEST_TEXT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A line of one of two texts, or of both."""

    kind: Literal["same", "added", "removed", "skipped"]
    text: str


async def every(visit: Visit) -> Response:
    return await _list(visit)


async def one(visit: Visit) -> Response:
    row = await _read(visit, visit.request.path_params["version"])
    others = [each for each in await listed(visit.backend.database) if each["id"] != row["id"]]
    against = visit.request.query_params.get("against", "")
    changes: Sequence[Difference] = ()
    if against:
        older = await _read(visit, against)
        changes = await trio.to_thread.run_sync(difference, older["text"], row["text"])
    return await visit.page("prompt.html", prompt=row, others=others, against=against, changes=changes)


async def new(visit: Visit) -> Response:
    given = {"name": "", "text": ""}
    if base := visit.request.query_params.get("from", ""):
        given["text"] = (await _read(visit, base))["text"]
    return await visit.page("prompt_new.html", given=given, wrong="")


async def write(visit: Visit) -> Response:
    given = {name: visit.form.get(name, "").strip() for name in ("name", "text")}
    name, text = given["name"], given["text"]
    if not (0 < len(name) <= _LONGEST_NAME and name.isprintable() and 0 < len(text) <= _LONGEST_TEXT):
        wrong = visit.words("prompts.incomplete")
        return await visit.page("prompt_new.html", HTTPStatus.UNPROCESSABLE_ENTITY, given=given, wrong=wrong)
    version = prompt_version(visit.backend.config.call.language, name, text)
    await visit.backend.guard.note(visit.request, visit.identity, "prompts.create", version.id)
    await create(visit.backend.database, version, str(visit.identity))
    return visit.go(f"{PREFIX}/prompts/{version.id}", "prompt_saved")


async def share_out(visit: Visit) -> Response:
    shares = given_shares(visit.form)
    if shares is None or fsum(shares.values()) > 1 + _ROUNDING:
        return await _list(visit, HTTPStatus.UNPROCESSABLE_ENTITY, visit.words("prompts.too_much"))
    told = ", ".join(f"{version_id} {share:g}" for version_id, share in shares.items())
    await visit.backend.guard.note(visit.request, visit.identity, "prompts.activate", told)
    tag = visit.form.get("tag", "")
    if not await activate(visit.backend.database, shares, tag, str(visit.identity)):
        return await _list(visit, HTTPStatus.CONFLICT, visit.words("prompts.changed"))
    return visit.go(f"{PREFIX}/prompts", "shares_applied")


def given_shares(form: Mapping[str, str]) -> dict[str, float] | None:
    """Of 1, from per cents; those of 0 left out. None where one is no share. Pure."""
    shares = {}
    for name, value in form.items():
        if name.startswith(_FIELD):
            try:
                share = float(value.strip().replace(",", ".") or 0) / _WHOLE
            except ValueError:
                return None
            if not 0 <= share <= 1:
                return None
            if share:
                shares[name.removeprefix(_FIELD)] = share
    return shares


def difference(old: str, new: str) -> Sequence[Difference]:
    """What became of `old`, with a few lines around. Pure; quadratic at its worst."""
    kinds: Mapping[str, Literal["same", "added", "removed"]] = {" ": "same", "+": "added", "-": "removed"}
    found: list[Difference] = []
    for n, line in enumerate(difflib.unified_diff(old.splitlines(), new.splitlines(), n=_AROUND, lineterm="")):
        if line.startswith("@@"):
            found.append(Difference("skipped", line))
        elif n > 1:  # the first two name files
            found.append(Difference(kinds[line[0]], line[1:]))
    return found


async def _list(visit: Visit, status: HTTPStatus = HTTPStatus.OK, wrong: str = "") -> Response:
    prompts = await listed(visit.backend.database)
    shares = {version.id: share for version, share in (await active(visit.backend.database)).items()}
    rest = max(0.0, 1 - fsum(shares.values()))
    return await visit.page("prompts.html", status, prompts=prompts, tag=shares_tag(shares), rest=rest, wrong=wrong)


async def _read(visit: Visit, version: str) -> Row:
    row = await find(visit.backend.database, version[:_LONGEST_NAME])
    if row is None:
        raise missing("version")
    return row


ENTRIES: Final = (
    Entry("/prompts", every),
    Entry("/prompts", share_out, Role.SUPERVISOR, method="POST"),
    Entry("/prompts/new", new, Role.SUPERVISOR),
    Entry("/prompts/new", write, Role.SUPERVISOR, method="POST"),
    Entry("/prompts/{version}", one),
)
