"""The PBX's side: what Asterisk's manager tells of itself, its modules, dialplan and queue."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from engine.config import OperatorsConfig
from engine.errors import AmiRefused
from engine.pbx.ami_connection import Asker
from engine.pbx.ami_wire import Action
from engine.pbx.check.findings import Finding, fine, missing, unknown
from engine.pbx.check.needs import CONTEXTS, MODULES, OLDEST, PRIVILEGES, RELOAD_DIALPLAN, Module
from engine.pbx.queue import members_ready, queue_status
from engine.pbx.transfer import EXTENSION, show_dialplan

_GRANT: Final = "add it to `write` of the user in manager.conf, then asterisk -rx 'manager reload'"
_MAJOR: Final = re.compile(r"(?:certified[/-])?(\d+)\.")
_MOST_ENGINES: Final = 64
_AGAIN: Final = "once this user has write = reporting, check again"

type Check = Callable[[Asker, frozenset[str], OperatorsConfig], Awaitable[list[Finding]]]


async def check_manager(ami: Asker, operators: OperatorsConfig) -> list[Finding]:
    """In the order in which an administrator would mend things. Raises `AmiAway`."""
    commands = frozenset(key for key, _ in (await ami.ask(Action("ListCommands"))).response.fields)
    return [finding for check in _CHECKS for finding in await check(ami, commands, operators)]


async def value_of(ami: Asker, expression: str) -> str | None:
    """What a global variable or a function gives in Asterisk; None where we may not ask."""
    try:
        return (await ami.ask(Action("Getvar", (("Variable", expression),)))).response.get("Value")
    except AmiRefused:
        return None


async def engines_of(ami: Asker) -> list[str]:
    """`CALLCTL_ENGINE_1` and its followers, as the dialplan goes through them: `host:port,http://host:port` each."""
    engines: list[str] = []
    while len(engines) < _MOST_ENGINES:
        engine = await value_of(ami, f"CALLCTL_ENGINE_{len(engines) + 1}") or ""
        if "," not in engine:
            break
        engines.append(engine)
    return engines


async def _version(ami: Asker, commands: frozenset[str], operators: OperatorsConfig) -> list[Finding]:
    what = "Asterisk's version"
    version = (await ami.ask(Action("CoreSettings"))).response.get("AsteriskVersion") if _may_look(commands) else ""
    major = _MAJOR.match(version)
    if major is None:
        return [unknown(what, version or "not told", f"it must be {OLDEST} or later")]
    if int(major[1]) < OLDEST:
        return [missing(what, version, f"AudioSocket needs Asterisk {OLDEST} or later")]
    return [fine(what, version)]


async def _privileges(ami: Asker, commands: frozenset[str], operators: OperatorsConfig) -> list[Finding]:
    found = []
    for privilege, actions in PRIVILEGES.items():
        what = f"manager privilege {privilege}"
        refused = [action for action in actions if action not in commands]
        if refused:
            found.append(missing(what, f"may not {', '.join(refused)}", _GRANT))
        else:
            found.append(fine(what, f"may {', '.join(actions)}"))
    return found


async def _modules(ami: Asker, commands: frozenset[str], operators: OperatorsConfig) -> list[Finding]:
    states = {module: await _is_loaded(ami, module) for module in MODULES}
    if None in states.values():
        return [
            unknown("modules", "not told", "asterisk -rx 'module load func_module', then check again: it is what tells")
        ]
    return [
        fine("modules", f"loaded: {sum(state or False for state in states.values())} of {len(states)}"),
        *(_not_loaded(module) for module, state in states.items() if not state),
    ]


async def _is_loaded(ami: Asker, module: Module) -> bool | None:
    """None: it cannot be told. ModuleCheck would tell, too, but to those who may restart Asterisk."""
    return {"1": True, "0": False}.get(await value_of(ami, f"IFMODULE({module.name}.so)") or "")


def _not_loaded(module: Module) -> Finding:
    remedy = f"asterisk -rx 'module load {module.name}', and have modules.conf load it"
    return missing(f"module {module.name}", f"not loaded; for {module.why}", remedy)


async def _dialplan(ami: Asker, commands: frozenset[str], operators: OperatorsConfig) -> list[Finding]:
    wanted: Sequence[tuple[str, str, str]] = [
        *((context, "", why) for context, why in CONTEXTS),
        (operators.context, EXTENSION, "where transferred callers go (OPERATORS_CONTEXT)"),
    ]
    if not _may_look(commands):
        return [unknown("dialplan", "not told", _AGAIN)]
    return [await _place(ami, *place) for place in wanted]


async def _place(ami: Asker, context: str, extension: str, why: str) -> Finding:
    what = f"dialplan [{context}]" + (f", extension {extension}" if extension else "")
    try:
        await ami.ask(show_dialplan(context, extension))
    except AmiRefused:
        return missing(what, f"not there; {why}", RELOAD_DIALPLAN)
    return fine(what, why)


async def _queue(ami: Asker, commands: frozenset[str], operators: OperatorsConfig) -> list[Finding]:
    what = f"queue {operators.queue}"
    if "QueueStatus" not in commands:
        return [unknown(what, "not told", "asterisk -rx 'module load app_queue', then check again")]
    answer = await ami.ask(queue_status(operators.queue))
    ready = members_ready(answer)
    if ready is None:
        return [
            missing(
                what,
                "no such queue",
                "add it to queues.conf and asterisk -rx 'queue reload all', or set OPERATORS_QUEUE",
            )
        ]
    members = sum(event.name == "QueueMember" for event in answer.events)
    if not members:
        return [missing(what, "nobody is a member", "add `member =>` lines to it in queues.conf, or log operators in")]
    return [fine(what, f"members: {members}, there now: {ready}")]


async def _same_queue(ami: Asker, commands: frozenset[str], operators: OperatorsConfig) -> list[Finding]:
    what, value = "the dialplan's queue", await value_of(ami, "CALLCTL_QUEUE")
    if value is None:
        return [unknown(what, "not told", _AGAIN)]
    if value != operators.queue:
        return [
            missing(
                what,
                f"CALLCTL_QUEUE is {value!r}, OPERATORS_QUEUE is {operators.queue!r}",
                "give both the same value: the first in callctl-globals.conf",
            )
        ]
    return [fine(what, f"CALLCTL_QUEUE={value}")]


def _may_look(commands: frozenset[str]) -> bool:
    return commands >= set(PRIVILEGES["reporting"])


_CHECKS: Final[tuple[Check, ...]] = (_version, _privileges, _modules, _dialplan, _queue, _same_queue)
