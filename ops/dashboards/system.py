"""Processes, records, jobs: what the administrator answers for."""

from ops.dashboards.panels import BAD, WARNING, Dashboard, Panel, Row, stat

_SPOOL = "max(callctl_spool_bytes / callctl_spool_limit_bytes)"
_YES_NO = {0: "no", 1: "yes"}

_RUNS = Row("What runs?", (
    stat("Engines up", 'sum(up{job="callctl"})'),
    stat("Engines ready", "sum(callctl_ready)"),
    stat("A scheduler leads", "max(callctl_scheduler_leader)", words=_YES_NO),
    stat("Database answers", "min(callctl_database_up)", words=_YES_NO),
    stat("Spool used", _SPOOL, "percentunit", steps=((0.1, WARNING), (0.5, BAD)),
         about="Of RECORDS_SPOOL_MEGABYTES, on the fullest machine."),
    stat("Up since", "max(process_start_time_seconds{job=\"callctl\"}) * 1000", "dateTimeFromNow"),
    Panel("Builds", {"": "callctl_build_info"}, kind="table", width=24),
))  # fmt: skip

_WORKERS = Row("Do all workers work?", (
    Panel("Workers", {"{{instance}} {{state}}": "max by (instance, state) (callctl_workers)"}, width=12, decimals=0,
          about="Of `callctl serve --workers`."),
    Panel("Deaths", {"{{instance}} {{how}}": "sum by (instance, how) (increase(callctl_worker_deaths_total[1h]))"},
          width=12, stacked=True, decimals=0, about="In the hour before: ended unasked, and replaced. SIGKILL: the "
          "supervisor's, of one that hung, or the kernel's, out of memory."),
))  # fmt: skip

_PROCESS = Row("What do they use?", (
    Panel("Processor", {"{{job}} {{instance}}": 'rate(process_cpu_seconds_total{job=~"callctl.*"}[$__rate_interval])'},
          "percentunit", steps=((0.9, BAD),), about="Of one core, which is all that an engine can use; with --workers, "
          "of all of them together."),
    Panel("Memory", {"{{job}} {{instance}}": 'process_resident_memory_bytes{job=~"callctl.*"}'}, "bytes"),
    Panel("File descriptors", {
        "{{job}} {{instance}}": 'process_open_fds{job=~"callctl.*"} / process_max_fds{job=~"callctl.*"}',
    }, "percentunit", steps=((0.8, BAD),), about="Of the limit (ulimit -n)."),
))  # fmt: skip

_RECORDS = Row("Does everything get on record?", (
    Panel("Rows", {"{{result}}": "sum by (result) (increase(callctl_records_total[$__rate_interval]))"}, stacked=True,
          about="spooled: on disk until the database takes them. dropped: lost. refused: the database will never take "
          "them; callctl records status shows them."),
    Panel("Age of the oldest row in no table yet", {"{{instance}}": "callctl_records_oldest_seconds"}, "s",
          steps=((60, WARNING), (300, BAD))),
    Panel("Waiting", {"in memory": "sum(callctl_records_waiting)", "on disk": "sum(callctl_spool_rows)"}),
    Panel("Database", {"{{instance}}": "callctl_database_up"}, kind="state-timeline", steps=((0, BAD), (1, "green")),
          words={0: "away", 1: "answers"}),
    Panel("What Redis did not take", {
        "{{instance}} sessions": "sum by (instance) (increase(callctl_session_errors_total[$__rate_interval]))",
        "{{instance}} calls": "sum by (instance) (increase(callctl_registry_errors_total[$__rate_interval]))",
    }, about="They went on from memory; another engine cannot see those calls."),
    Panel("Partitions reach", {"{{table}}": "min by (table) (callctl_partitions_ahead_days)"}, "d",
          about="Days ahead of now."),
))  # fmt: skip

_JOBS = Row("Was everything done that is done by the clock?", (
    Panel("Since the last good run", {
        "{{name}}": "time() - max by (name) (callctl_job_last_success_timestamp_seconds)",
    }, "s", about="callctl jobs history tells how each ended."),
    Panel("Runs", {"{{name}} {{result}}": "sum by (name, result) (increase(callctl_job_runs_total[1d]))"},
          stacked=True, about="In the day before."),
    Panel("Length of the last run", {"{{name}}": "max by (name) (callctl_job_last_duration_seconds)"}, "s"),
    Panel("Due next", {"{{name}}": "min by (name) (callctl_job_next_timestamp_seconds) - time()"}, "s"),
    Panel("Who leads", {"{{instance}}": "callctl_scheduler_leader"}, kind="state-timeline",
          steps=((1, "blue"),), words={0: "in waiting", 1: "leads"}),
))  # fmt: skip

_PBX = Row("Is Asterisk's manager reached?", (
    Panel("Logged in", {"{{instance}} {{address}}": "max by (instance, address) (callctl_ami_up)"},
          kind="state-timeline", width=12, steps=((0, BAD), (1, "green")), words={0: "away", 1: "logged in"}),
    Panel("Failures", {"{{kind}}": "sum by (kind) (increase(callctl_ami_errors_total[$__rate_interval]))"}, width=12,
          stacked=True),
))  # fmt: skip

SYSTEM = Dashboard("system", "system", "Processes, records, jobs: what the administrator answers for.",
                   (_RUNS, _WORKERS, _PROCESS, _RECORDS, _JOBS, _PBX), since="now-24h")  # fmt: skip
