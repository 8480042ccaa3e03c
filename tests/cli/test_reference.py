"""The README's command reference is what the commands say of themselves today."""

from cli.reference import README, commands, reference, with_reference


def test_the_readme_has_the_reference_of_today() -> None:
    text = README.read_text()
    assert text == with_reference(text), "python -m cli.reference"


def test_every_command_and_every_option_is_in_it() -> None:
    pages = reference()
    for name, command in commands().items():
        assert f"\n{name}" in pages
        for option in command.params:
            assert all(flag in pages for flag in option.opts if flag.startswith("--"))
