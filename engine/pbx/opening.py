"""The shop's operators as the settings describe them, opened for an engine. Before: `server`."""

from datetime import datetime

import trio

from engine.config import Config
from engine.pbx.ami import Ami
from engine.pbx.asterisk_operators import AsteriskOperators, WithinHours
from engine.pbx.operators import DialplanOnly, Operators


def open_operators(config: Config, nursery: trio.Nursery) -> Operators:
    """With AMI_HOST set, the line to Asterisk's manager is kept up by a task in `nursery`."""
    operators: Operators = DialplanOnly()
    if config.ami.host:
        ami = Ami(config.ami)
        nursery.start_soon(ami.run, name="ami")
        operators = AsteriskOperators(ami, config.operators)
    return WithinHours(operators, config.operators, lambda: datetime.now(config.call.timezone))
