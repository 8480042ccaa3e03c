"""The transcript in a terminal: wrapped under its column, a waterfall that reads without colours."""

from io import StringIO
from uuid import UUID

from rich.console import Console

from cli.transcript import Transcript
from engine.call.events import BotSaid, CallerSaid, CallEvent, Interrupted, ToolRan, TurnTimed

CALL = UUID(int=1)
LONG = "Є такі зимові шини: Michelin X-Ice Snow за 5 810 грн і Nokian Hakkapeliitta R5 за 6 120 грн. Яка вас цікавить?"
STAGES = {"final": 120.0, "end_of_turn": 200.0, "first_token": 600.0, "first_sentence": 800.0, "first_audio": 1000.0}


def shown(*events: CallEvent, terminal: bool = False) -> list[str]:
    output = StringIO()
    transcript = Transcript(Console(file=output, width=100, force_terminal=terminal, highlight=False))
    for event in events:
        transcript.show(event)
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_long_text_is_wrapped_under_its_column() -> None:
    first, *rest = shown(BotSaid(CALL, 1, 2.0, LONG, interrupted=False, heard_ms=0))
    column = first.index("Є такі")
    assert "2.0 s  bot" in first
    assert rest
    assert all(line[:column].isspace() and not line[column].isspace() for line in rest)
    assert " ".join([first[column:], *(line.strip() for line in rest)]) == LONG


def test_the_waterfall_is_in_proportion_and_named() -> None:
    bar, legend = shown(TurnTimed(CALL, 1, 4.0, STAGES))
    assert bar.strip() == "░" * 3 + "▒" * 2 + "▓" * 10 + "█" * 5 + "▂" * 5
    words = " ".join(legend.split())
    assert words == "░ final 120 ▒ turn over 200 ▓ first token 600 █ sentence 800 ▂ audio 1000 ms"


def test_a_stage_that_took_no_time_is_left_out() -> None:
    _, legend = shown(TurnTimed(CALL, 1, 4.0, STAGES | {"end_of_turn": 120.0}))
    assert "turn over" not in legend


def test_an_interruption_stands_under_what_was_heard() -> None:
    lines = shown(
        Interrupted(CALL, 2, 4.5, "barge_in", 80),
        BotSaid(CALL, 2, 3.0, "Найдешевша з них —", interrupted=True, heard_ms=1500),
        CallerSaid(CALL, 3, 6.0, "Зачекайте"),
    )
    assert [line.split(maxsplit=3)[-1] for line in lines] == [
        "Найдешевша з них — …", "caller spoke over the bot; it was silent after 80 ms", "Зачекайте",
    ]  # fmt: skip


def test_tools_are_shown_with_their_outcome() -> None:
    [line] = shown(ToolRan(CALL, 1, 1.0, "check_availability", False, {"product_id": "T1"}, {}, 7.4))
    assert line.split(maxsplit=1)[1] == "check_availability(product_id=T1) ✗ 7 ms"


def test_colours_only_on_a_terminal() -> None:
    event = TurnTimed(CALL, 1, 4.0, STAGES)
    assert "\x1b[" not in "".join(shown(event))
    assert "\x1b[" in "".join(shown(event, terminal=True))
