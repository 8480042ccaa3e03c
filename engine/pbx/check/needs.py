"""What callctl needs of an Asterisk: privileges, modules, places in the dialplan. Tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

OLDEST: Final = 18
"""Major version."""

PRIVILEGES: Final[Mapping[str, tuple[str, ...]]] = {
    "call": ("Redirect", "Setvar"),
    "reporting": ("Status", "Getvar", "ShowDialPlan", "CoreSettings"),
}
"""Class of manager.conf's `write` -> the actions of it that are used."""


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    why: str


MODULES: Final = (
    Module("res_audiosocket", "audio"),
    Module("app_audiosocket", "AudioSocket(), audio at 8 kHz"),
    Module("chan_audiosocket", "Dial(AudioSocket/...), audio at 16 kHz"),
    Module("app_exec", "TryExec(): a lost engine must not hang the caller up"),
    Module("app_queue", "Queue()"),
    Module("app_dial", "Dial()"),
    Module("app_stack", "Gosub()"),
    Module("app_playback", "Playback(), recordings"),
    Module("app_playtones", "PlayTones(), for a caller whom nobody could take"),
    Module("res_curl", "questions to the engine"),
    Module("func_curl", "CURL(), questions to the engine"),
    Module("func_uuid", "UUID(), a name for each call"),
    Module("func_uri", "URIENCODE()"),
    Module("func_strings", "FILTER()"),
    Module("func_logic", "IF()"),
    Module("func_callerid", "CALLERID(), who calls"),
    Module("func_channel", "CHANNEL(), music on hold"),
    Module("res_pjsip_header_funcs", "PJSIP_HEADER(), what the operator is told"),
)

CONTEXTS: Final = (("callctl", "where callers come in"), ("callctl-bot", "the conversation"))
"""Beside the operators' context of the settings."""

RELOAD_DIALPLAN: Final = (
    "copy ops/deploy/asterisk/extensions.conf to /etc/asterisk/callctl.conf, add `#include callctl.conf` to "
    "extensions.conf, then asterisk -rx 'dialplan reload'"
)
