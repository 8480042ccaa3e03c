"""`callctl`: a thin command line. A command parses, calls one function, prints.

What a command needs it imports in its own body: `--help` and completion must not wait for speech and model libraries.
"""

import typer

from cli import (
    asterisk,
    backup,
    callbacks,
    calls,
    config,
    customers,
    db,
    embeddings,
    emulators,
    jobs,
    keys,
    knowledge,
    partitions,
    quality,
    records,
    retention,
    scheduler,
    stats,
    users,
)
from cli.demo import demo
from cli.dial import dial
from cli.doctor import doctor
from cli.errors import PlainGroup
from cli.serve import serve
from cli.version import version

app = typer.Typer(
    cls=PlainGroup,
    rich_markup_mode=None,  # plain help comes in half the time of a drawn one
    no_args_is_help=True,
    help="A telephony voice-agent engine: answers a store's calls.",
    pretty_exceptions_show_locals=False,
)
app.command()(serve)
app.command()(demo)
app.command()(dial)
app.command()(doctor)
app.command()(version)
app.add_typer(asterisk.app, name="asterisk")
app.add_typer(calls.app, name="calls")
app.add_typer(callbacks.app, name="callbacks")
app.add_typer(backup.app, name="backup")
app.add_typer(config.app, name="config")
app.add_typer(customers.app, name="customers")
app.add_typer(db.app, name="db")
app.add_typer(embeddings.app, name="embeddings")
app.add_typer(emulators.app, name="emulators")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(partitions.app, name="partitions")
app.add_typer(quality.app, name="quality")
app.add_typer(records.app, name="records")
app.add_typer(retention.app, name="retention")
app.add_typer(scheduler.app, name="scheduler")
app.add_typer(stats.app, name="stats")
app.add_typer(users.app, name="users")
