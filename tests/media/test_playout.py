"""What the caller heard must be exactly what was played."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio import FRAME_BYTES, FRAME_MS
from engine.media.playout import CHARACTERS_PER_SECOND, Heard, HeardSegment, Playout

SENTENCE = "Шина коштує дві тисячі гривень."


def audio(frames: float) -> bytes:
    return b"\x01\x02" * int(frames * FRAME_BYTES / 2)


def play(playout: Playout, frames: int = 10_000) -> list[bytes]:
    played: list[bytes] = []
    while len(played) < frames and (frame := playout.next_frame()) is not None:
        played.append(frame)
    return played


def utterance(*segments: tuple[str, float]) -> Playout:
    playout = Playout()
    playout.begin(1)
    for text, frames in segments:
        playout.open_segment(text)
        playout.push(audio(frames))
        playout.close_segment()
    playout.end()
    return playout


def test_all_played_is_all_heard() -> None:
    playout = utterance((SENTENCE, 50), ("Беремо?", 20))
    assert not playout.finished
    assert len(play(playout)) == 70
    assert playout.finished
    assert playout.heard() == Heard(
        1, (HeardSegment(SENTENCE, complete=True), HeardSegment("Беремо?", complete=True)), True, 1400.0
    )
    assert playout.heard().text == f"{SENTENCE} Беремо?"


def test_an_interruption_leaves_whole_words_by_share_of_time() -> None:
    playout = utterance((SENTENCE, 100), ("Беремо?", 20))
    play(playout, 45)
    heard = playout.flush()
    assert heard.segments == (HeardSegment("Шина коштує", complete=False), HeardSegment("", complete=False))
    assert (heard.complete, heard.played_ms, heard.text) == (False, 900.0, "Шина коштує")
    assert playout.finished
    assert playout.next_frame() is None
    assert playout.heard() == heard
    assert playout.statistics().frames_flushed == 75


def test_a_segment_still_being_made_is_judged_by_the_speed_of_speech() -> None:
    playout = Playout()
    playout.begin(1)
    playout.open_segment(SENTENCE)
    playout.push(audio(10))
    play(playout)
    seconds = 10 * FRAME_MS / 1000
    assert len(playout.heard().text) <= CHARACTERS_PER_SECOND * seconds
    assert playout.heard().text != SENTENCE
    playout.push(audio(40))
    play(playout)
    assert playout.heard().text == "Шина коштує"
    assert not playout.heard().complete


def test_the_last_partial_frame_is_filled_up_only_at_the_end() -> None:
    playout = Playout()
    playout.begin(1)
    playout.open_segment("Так")
    playout.push(audio(1.5))
    assert play(playout) == [audio(1)]
    assert playout.next_frame() is None
    playout.close_segment()
    assert play(playout) == [audio(0.5) + bytes(FRAME_BYTES // 2)]
    playout.end()
    assert playout.heard().complete


def test_the_text_being_played_is_known() -> None:
    playout = utterance((SENTENCE, 2), ("Беремо?", 1))
    texts = [playout.playing_text]
    while playout.next_frame() is not None:
        texts.append(playout.playing_text)
    assert texts == [SENTENCE, SENTENCE, "Беремо?", "Беремо?"]


def test_hold_keeps_the_place() -> None:
    playout = utterance(("раз два", 4))
    first = play(playout, 2)
    playout.hold()
    assert playout.next_frame() is None
    assert playout.depth_ms == 40
    playout.resume()
    assert len(first + play(playout)) == 4
    assert playout.heard().complete


def test_audio_after_a_flush_is_not_heard() -> None:
    playout = Playout()
    playout.begin(1)
    playout.open_segment("перше")
    playout.push(audio(5))
    playout.hold()
    playout.flush()
    playout.push(audio(5))
    playout.close_segment()
    playout.open_segment("друге")
    playout.push(audio(5))
    assert playout.is_idle
    assert playout.finished
    playout.begin(2)
    playout.open_segment("третє")
    playout.push(audio(1))
    assert play(playout) == [audio(1)], "a new utterance starts unheld"
    assert playout.heard().utterance == 2


def test_audio_without_a_segment_is_a_bug() -> None:
    playout = Playout()
    playout.begin(1)
    with pytest.raises(RuntimeError, match="without a segment"):
        playout.push(audio(1))


def test_running_dry_within_a_segment_is_counted_once() -> None:
    playout = Playout()
    playout.begin(1)
    playout.open_segment(SENTENCE)
    assert playout.next_frame() is None  # not begun is not dry
    playout.push(audio(1))
    play(playout)
    for _ in range(5):
        assert playout.next_frame() is None
    assert playout.statistics().underruns == 1


def test_an_utterance_of_nothing_is_finished() -> None:
    playout = Playout()
    assert playout.finished
    playout.begin(1)
    assert not playout.finished
    playout.end()
    assert playout.finished
    assert playout.heard() == Heard(1, (), complete=True, played_ms=0.0)


words = st.text("абв", min_size=1, max_size=8)


@given(
    st.lists(st.tuples(st.lists(words, min_size=1, max_size=6), st.lists(st.integers(0, 900), max_size=6)), max_size=5),
    st.integers(0, 60),
)
def test_bytes_are_kept_and_text_heard_is_a_prefix(
    segments: list[tuple[list[str], list[int]]], interrupted_after: int
) -> None:
    playout, expected = Playout(), b""
    playout.begin(7)
    for text, chunks in segments:
        playout.open_segment(" ".join(text))
        made = b""
        for count in chunks:
            made += (chunk := b"\x01\x02" * count)
            playout.push(chunk)
        playout.close_segment()
        expected += made + bytes(-len(made) % FRAME_BYTES)
    playout.end()
    played = play(playout, interrupted_after)
    assert all(len(frame) == FRAME_BYTES for frame in played)
    heard = playout.flush()
    assert heard.played_ms == len(played) * FRAME_MS
    for (text, _), segment in zip(segments, heard.segments, strict=True):
        said = segment.text.split()
        assert said == text[: len(said)]
        assert segment.complete <= (said == text)
    assert expected.startswith(b"".join(played))
    assert heard.complete == (len(played) == len(expected) // FRAME_BYTES)
