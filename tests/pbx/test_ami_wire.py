"""The AMI codec through its three verbs: what Asterisk says, any split of any bytes, and what neither side may send."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LocalProtocolError, RemoteProtocolError
from engine.pbx.ami_wire import MAX_FIELDS, MAX_LINE, MAX_LINE_SENT, Action, AmiCodec, Event, Greeting, Response

HELLO = b"Asterisk Call Manager/11.0.0\r\n"
MEMBERS = (
    b"Response: Success\r\nActionID: 7\r\nEventList: start\r\nMessage: Queue status will follow\r\n\r\n"
    b"Event: QueueMember\r\nActionID: 7\r\nName: \xd0\x9e\xd0\xbb\xd0\xb5\xd0\xbd\xd0\xb0\r\nPaused: 0\r\n\r\n"
    b"Event: QueueStatusComplete\r\nActionID: 7\r\nEventList: Complete\r\nListItems: 1\r\n\r\n"
)

type Seen = list[Greeting | Response | Event | str]


def seen_by(*chunks: bytes) -> Seen:
    """Everything a fresh codec says about these chunks; an error by its words, and then nothing more."""
    codec, seen = AmiCodec(), list[Greeting | Response | Event | str]()
    for chunk in chunks:
        codec.receive_data(chunk)
        try:
            while (event := codec.next_event()) is not None:
                seen.append(event)
        except RemoteProtocolError as error:
            return [*seen, f"error: {error}"]
    return seen


def test_a_list_is_a_response_and_its_events() -> None:
    greeting, response, member, complete = seen_by(HELLO + MEMBERS)
    assert greeting == Greeting("11.0.0")
    assert isinstance(response, Response)
    assert isinstance(member, Event)
    assert isinstance(complete, Event)
    assert (response.succeeded, response.begins_list, response.action_id) == (True, True, "7")
    assert (member.name, member.get("name"), member.ends_list) == ("QueueMember", "Олена", False)
    assert (complete.ends_list, complete.get("absent")) == (True, "")


def test_a_refusal_and_output_of_many_lines() -> None:
    refusal = b"Response: Error\r\nActionID: 1\r\nMessage: Permission denied\r\n\r\n"
    output = b"Response: Success\r\nOutput: a: b\r\nOutput:\r\nOutput:   c\r\n\r\n"
    _, no, yes = seen_by(HELLO + refusal + output)
    assert isinstance(no, Response)
    assert isinstance(yes, Response)
    assert (no.succeeded, no.message) == (False, "Permission denied")
    assert yes.all("OUTPUT") == ["a: b", "", "  c"]


def test_empty_lines_and_letters_that_are_no_utf8_do_no_harm() -> None:
    assert seen_by(HELLO + b"\r\n\r\nevent: X\r\nName: \xff\r\n\r\n\r\n")[1:] == [
        Event((("event", "X"), ("Name", "�"))),
    ]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "not an Asterisk manager"),
        (b"\r\n", "not an Asterisk manager"),
        (HELLO + b"no colon\r\n\r\n", "without a key"),
        (HELLO + b": no key\r\n\r\n", "without a key"),
        (HELLO + b"Event: X\r\nEvil: \0\r\n\r\n", "NUL"),
        (HELLO + b"Action: Login\r\n\r\n", "begins with 'action'"),
        (HELLO + b"X" * (MAX_LINE + 2), "more than 65536 bytes"),
        (b"X" * (MAX_LINE + 2), "more than 65536 bytes"),
        (HELLO + b"Event: X\r\n" + b"A: b\r\n" * MAX_FIELDS, "more than 20000 lines"),
        (HELLO + b"Event: X\r\n" + (b"A: " + b"b" * 60_000 + b"\r\n") * 70, "more than 4194304 bytes"),
    ],
)
def test_what_the_peer_may_not_send(data: bytes, complaint: str) -> None:
    last = seen_by(data)[-1]
    assert isinstance(last, str)
    assert complaint in last


def test_an_error_is_for_ever() -> None:
    codec = AmiCodec()
    codec.receive_data(b"no Asterisk\r\n")
    with pytest.raises(RemoteProtocolError) as first:
        codec.next_event()
    codec.receive_data(HELLO)
    with pytest.raises(RemoteProtocolError) as second:
        codec.next_event()
    assert second.value is first.value


@pytest.mark.parametrize("data", [HELLO[:-1], HELLO + b"Event: X", HELLO + b"Event: X\r\n"])
def test_the_end_within_a_message_is_an_error(data: bytes) -> None:
    assert "middle of a message" in str(seen_by(data, b"")[-1])
    assert seen_by(HELLO + MEMBERS, b"") == seen_by(HELLO + MEMBERS)


def test_an_action_as_it_goes_out() -> None:
    redirect = Action("Redirect", (("Channel", "PJSIP/trunk-00000001"), ("Exten", "s")))
    assert AmiCodec().send(redirect, "42") == (
        b"Action: Redirect\r\nActionID: 42\r\nChannel: PJSIP/trunk-00000001\r\nExten: s\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
def test_no_value_becomes_a_line_of_its_own(value: str) -> None:
    with pytest.raises(LocalProtocolError, match="not to be sent"):
        AmiCodec().send(Action("Setvar", (("Value", value),)), "1")
    with pytest.raises(LocalProtocolError, match="not to be sent"):
        AmiCodec().send(Action("Setvar"), value)


@pytest.mark.parametrize("key", ["", "Chan nel", "Channel: x", "Channel\r\n", "Канал"])
def test_no_key_but_a_key(key: str) -> None:
    with pytest.raises(LocalProtocolError, match="not to be sent"):
        AmiCodec().send(Action("Setvar", ((key, "value"),)), "1")


def test_no_longer_than_asterisk_reads() -> None:
    longest = "я" * ((MAX_LINE_SENT - len("Value: ")) // 2)
    assert len(AmiCodec().send(Action("Setvar", (("Value", longest),)), "1")) > MAX_LINE_SENT
    with pytest.raises(LocalProtocolError, match="Value of"):
        AmiCodec().send(Action("Setvar", (("Value", longest + "я"),)), "1")
    with pytest.raises(LocalProtocolError, match="130 lines"):
        AmiCodec().send(Action("Setvar", (("Variable", "a"),) * 128), "1")


lines = st.one_of(
    st.sampled_from([b"Event: X", b"Response: Success", b"ActionID: 1", b"Output:  o", b"nothing", b":", b"a\0: b"]),
    st.binary(max_size=12),
)
streams = st.one_of(
    st.binary(max_size=120), st.lists(lines, max_size=12).map(lambda chosen: HELLO + b"\r\n".join(chosen) + b"\r\n\r\n")
)


@given(streams, st.lists(st.integers(0, 400), max_size=8))
def test_any_split_of_any_bytes_says_the_same(data: bytes, cuts: list[int]) -> None:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    chunks = [data[start:end] for start, end in pairwise(at)]
    assert seen_by(*chunks, b"") == seen_by(data, b"")


@given(st.text(max_size=80), st.text(max_size=80))
def test_what_is_sent_is_read_as_it_was_meant_or_not_sent(key: str, value: str) -> None:
    try:
        sent = AmiCodec().send(Action("Setvar", ((key, value),)), "1")
    except LocalProtocolError:
        return
    head, *read = sent.decode().removesuffix("\r\n\r\n").split("\r\n")
    assert (head, read) == ("Action: Setvar", ["ActionID: 1", f"{key}: {value}"])
