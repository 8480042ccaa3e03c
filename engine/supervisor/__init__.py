"""`callctl serve --workers N`: one engine a core on the same ports, and a parent that keeps them alive.

The kernel deals new connections out among the workers (SO_REUSEPORT); a call stays with the worker that took it. What
the parent and a worker say to each other, besides signals:

- the worker's stdin: its settings as one line of JSON. The end of the file means that the parent is gone, and the
  worker drains: nobody is left who would notice it hang;
- a pipe to the parent: one line with the port of its metrics once it can take calls, from then on a byte every 200 ms
  from its event loop, `+` while new calls are welcome and `-` while not. The end of the file means that it is leaving.

A worker that is silent for 1.5 s is killed: only then do its connections close, and the dialplan leads its callers to
the operators.
"""
