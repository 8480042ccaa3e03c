"""`callctl emulators`: the emulated vendors and store."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import fail

if TYPE_CHECKING:
    from ops.emulators.run import Addresses

app = typer.Typer(help="The emulated vendors (speech, model, embeddings) and store.", no_args_is_help=True)

Port = Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")]


@app.callback()
def group() -> None:
    """Keeps `run` a command of its own while it is the only one."""


@app.command("run")
def run_command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    speech_port: Port = 0,
    tts_port: Port = 0,
    anthropic_port: Port = 0,
    store_port: Port = 0,
    embeddings_port: Port = 0,
    control_port: Port = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as one line of JSON.")] = False,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input closes.")
    ] = False,
) -> None:
    """Run all emulators until interrupted; say where each listens.

    Example: callctl emulators run --control-port 9901
    """
    import asyncio
    from dataclasses import asdict

    from ops.emulators.run import Ports, run_emulators

    def announce(addresses: "Addresses") -> None:
        if as_json:
            typer.echo(addresses.as_json())
        else:
            for name, address in asdict(addresses).items():
                typer.echo(f"{name:<10} {address}")

    ports = Ports(speech_port, tts_port, anthropic_port, store_port, embeddings_port, control_port)
    try:
        asyncio.run(run_emulators(host, ports, announce=announce, until_stdin_closes=until_stdin_closes))
    except OSError as error:
        fail(f"the emulators cannot listen: {error.strerror or error}")
