"""For each alert what makes it fire, and what comes near to that and must not. In the notation of promtool, a value a
minute: `0+1x60` counts up by 1 an hour long, `5x60` stays 5."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

type Series = Mapping[str, str]

_CALLS = 'callctl_calls_total{outcome="%s"}'
_JITTER = 'callctl_media_jitter_frames_total{fate="%s"}'
_ONE = 'instance="a"'


@dataclass(frozen=True, slots=True)
class Case:
    """`at`: when the alert is looked at. `quiet_at`: the same for the quiet series, if that differs."""

    fires: Series
    quiet: Series
    at: str = "40m"
    quiet_at: str = field(default="")


def _histogram(metric: str, below: str, above: str, labels: str = "") -> Series:
    """Everything observed lies between the bounds `below` and `above`: ten a minute."""
    inner = f"{labels}," if labels else ""
    return {
        f'{metric}_bucket{{{inner}le="{below}"}}': "0x90",
        f'{metric}_bucket{{{inner}le="{above}"}}': "0+10x90",
        f'{metric}_bucket{{{inner}le="+Inf"}}': "0+10x90",
        f"{metric}_count{{{labels}}}": "0+10x90",
    }


_TURNS = "callctl_turn_response_seconds"
_VENDOR = "callctl_vendor_latency_seconds"
_LATENESS = _histogram("callctl_media_clock_lateness_seconds", "0.02", "0.04", _ONE)
_FULL_CORE = {'process_cpu_seconds_total{job="callctl",instance="a"}': "0+57x60"}

CASES: Final[Mapping[str, Case]] = {
    "CallsFailOver": Case(
        {_CALLS % "failed_over": "0+1x60", _CALLS % "completed": "0+5x60"},
        {_CALLS % "failed_over": "0+1x60", _CALLS % "completed": "0+50x60"},
    ),
    "CallsRefused": Case({_CALLS % "refused": "0+1x60"}, {_CALLS % "refused": "0+0.2x60"}),
    "CallersTurnedAway": Case(
        {'callctl_admissions_total{answer="busy",reason="at_capacity"}': "0+1x60"},
        {
            'callctl_admissions_total{answer="busy",reason="draining"}': "0+9x60",
            'callctl_admissions_total{answer="accept",reason=""}': "0+9x60",
        },
    ),
    "CallsDoNotArrive": Case(
        {"callctl_registrations_expired_total": "0+1x60"}, {"callctl_registrations_expired_total": "0x20 1x40"}
    ),
    "DialplanRefused": Case(
        {'callctl_internal_refusals_total{reason="secret"}': "0+1x60"},
        {'callctl_internal_refusals_total{reason="secret"}': "0x35 1x40"},
    ),
    "RoomRunsOut": Case(
        {f"callctl_calls_active{{{_ONE}}}": "95x60", f"callctl_calls_limit{{{_ONE}}}": "100x60"},
        {f"callctl_calls_active{{{_ONE}}}": "80x60", f"callctl_calls_limit{{{_ONE}}}": "100x60"},
    ),
    "TransfersFail": Case(
        {'callctl_transfers_total{outcome="failed"}': "0+1x60"},
        {
            'callctl_transfers_total{outcome="failed"}': "0x20 1x40",
            'callctl_transfers_total{outcome="reached_queue"}': "0+1x60",
        },
    ),
    "TooManyTransfers": Case(
        {_CALLS % "transferred": "0+1x160", _CALLS % "completed": "0+0.25x160"},
        {_CALLS % "transferred": "0+1x160", _CALLS % "completed": "0+4x160"},
        "150m",
    ),
    "NoCalls": Case(
        {_CALLS % "completed": "5x900", "callctl_calls_active": "0x900"},
        {_CALLS % "completed": "5x900", "callctl_calls_active": "0x900"},
        "12h",
        "3h",
    ),
    "AnswersSlow": Case(_histogram(_TURNS, "3.0", "5.0"), _histogram(_TURNS, "0.7", "1.0")),
    "ModelInvents": Case(
        {
            'callctl_ungrounded_total{kind="price",outcome="replaced"}': "0+1x100",
            "callctl_turn_response_seconds_count": "0+5x100",
        },
        {
            'callctl_ungrounded_total{kind="price",outcome="replaced"}': "0+1x100",
            "callctl_turn_response_seconds_count": "0+50x100",
        },
        "80m",
    ),
    "CallsCostMuch": Case(
        {'callctl_cost_total{part="speech"}': "0+1x450", _CALLS % "completed": "0+1x450"},
        {'callctl_cost_total{part="speech"}': "0+0.1x450", _CALLS % "completed": "0+1x450"},
        "430m",
    ),
    "AudioLate": Case(
        {**_LATENESS, f"callctl_calls_active{{{_ONE}}}": "1x60"},
        {**_LATENESS, f"callctl_calls_active{{{_ONE}}}": "0x60"},
    ),
    "EventLoopBlocked": Case(
        {f"callctl_event_loop_lag_seconds{{{_ONE}}}": "0.2x60"},
        {f"callctl_event_loop_lag_seconds{{{_ONE}}}": "0x38 0.5 0x21"},
    ),
    "AudioNotRead": Case(
        {f"callctl_media_frames_dropped_total{{{_ONE}}}": "0+200x60"},
        {f"callctl_media_frames_dropped_total{{{_ONE}}}": "0+50x60"},
    ),
    "CallersHeardBadly": Case(
        {_JITTER % "concealed": "0+100x60", _JITTER % "popped": "0+1000x60"},
        {_JITTER % "concealed": "0+10x60", _JITTER % "popped": "0+1000x60"},
    ),
    "LinesBreak": Case(
        {'callctl_media_connections_total{reason="reset"}': "0+1x60"},
        {'callctl_media_connections_total{reason="eof"}': "0+9x60"},
    ),
    "BreakerOpen": Case(
        {'callctl_breaker_open{vendor="store"}': "1x60"}, {'callctl_breaker_open{vendor="store"}': "0x38 1 0x21"}
    ),
    "VendorFails": Case(
        {'callctl_vendor_errors_total{vendor="anthropic"}': "0+2x60"},
        {'callctl_vendor_errors_total{vendor="anthropic"}': "0+0.5x60"},
    ),
    "VendorSlow": Case(
        _histogram(_VENDOR, "2.0", "3.0", 'vendor="anthropic"'), _histogram(_VENDOR, "0.5", "0.7", 'vendor="anthropic"')
    ),
    "ToolsFail": Case(
        {
            'callctl_tool_calls_total{tool="search_tires",result="failed"}': "0+1x60",
            'callctl_tool_calls_total{tool="search_tires",result="ok"}': "0+4x60",
        },
        {
            'callctl_tool_calls_total{tool="search_tires",result="failed"}': "0+1x60",
            'callctl_tool_calls_total{tool="search_tires",result="ok"}': "0+40x60",
        },
    ),
    "KnowledgeSearchFails": Case(
        {'callctl_knowledge_searches_total{result="failed"}': "0+1x60"},
        {'callctl_knowledge_searches_total{result="nothing"}': "0+1x60"},
    ),
    "VectorsMismatch": Case(
        {"callctl_embeddings_mismatch": "1x100"}, {"callctl_embeddings_mismatch": "1x50 0x50"}, "70m"
    ),
    "EngineDown": Case(
        {'up{job="callctl",instance="a"}': "0x60"},
        {'up{job="callctl",instance="a"}': "1x60", 'up{job="callctl-scheduler",instance="b"}': "0x60"},
    ),
    "EngineNotReady": Case({f"callctl_ready{{{_ONE}}}": "0x60"}, {f"callctl_ready{{{_ONE}}}": "1x35 0x25"}),
    "EngineRestarts": Case(
        {'process_start_time_seconds{job="callctl",instance="a"}': "100x14 200x5 300x5 400x40"},
        {'process_start_time_seconds{job="callctl",instance="a"}': "100x14 200x46"},
    ),
    "FilesRunOut": Case(
        {
            'process_open_fds{job="callctl",instance="a"}': "900x60",
            'process_max_fds{job="callctl",instance="a"}': "1024x60",
        },
        {
            'process_open_fds{job="callctl",instance="a"}': "90x60",
            'process_max_fds{job="callctl",instance="a"}': "1024x60",
        },
    ),
    "WorkerDied": Case(
        {f'callctl_worker_deaths_total{{{_ONE},how="SIGKILL"}}': "0x30 1x30"},
        {f'callctl_worker_deaths_total{{{_ONE},how="SIGKILL"}}': "1x60"},
    ),
    "WorkersMissing": Case(
        {
            f'callctl_workers{{{_ONE},state="wanted"}}': "2x60",
            f'callctl_workers{{{_ONE},state="ready"}}': "2x20 1x40",
        },
        {
            f'callctl_workers{{{_ONE},state="wanted"}}': "2x60",
            f'callctl_workers{{{_ONE},state="ready"}}': "2x35 1x4 2x20",
            'callctl_workers{instance="b",state="wanted"}': "2x60",
            'callctl_workers{instance="b",state="ready"}': "0x60",
        },
    ),
    "MemoryGrows": Case(
        {'process_resident_memory_bytes{job="callctl",instance="a"}': "550000000+500000x300"},
        {'process_resident_memory_bytes{job="callctl",instance="a"}': "900000000x300"},
        "200m",
    ),
    "ProcessorFull": Case(
        {**_FULL_CORE, f"callctl_calls_limit{{{_ONE}}}": "100x60"},
        {
            **_FULL_CORE,
            f'callctl_calls_limit{{{_ONE},worker="0"}}': "100x60",
            f'callctl_calls_limit{{{_ONE},worker="1"}}': "100x60",
        },
    ),
    "AsteriskManagerAway": Case(
        {f'callctl_ami_up{{{_ONE},address="pbx:5038"}}': "0x60"},
        {f'callctl_ami_up{{{_ONE},address="pbx:5038"}}': "1x60"},
    ),
    "DatabaseAway": Case({f"callctl_database_up{{{_ONE}}}": "0x60"}, {f"callctl_database_up{{{_ONE}}}": "1x39 0x21"}),
    "RecordsLate": Case(
        {f"callctl_records_oldest_seconds{{{_ONE}}}": "400x60"}, {f"callctl_records_oldest_seconds{{{_ONE}}}": "200x60"}
    ),
    "RecordsLost": Case(
        {f'callctl_records_total{{{_ONE},result="dropped"}}': "0x30 1x30"},
        {f'callctl_records_total{{{_ONE},result="spooled"}}': "0+9x60"},
    ),
    "RecordsRefused": Case(
        {f'callctl_records_total{{{_ONE},result="refused"}}': "0x30 1x30"},
        {f'callctl_records_total{{{_ONE},result="written"}}': "0+9x60"},
    ),
    "SpoolFilling": Case(
        {f"callctl_spool_bytes{{{_ONE}}}": "300x60", f"callctl_spool_limit_bytes{{{_ONE}}}": "512x60"},
        {f"callctl_spool_bytes{{{_ONE}}}": "100x60", f"callctl_spool_limit_bytes{{{_ONE}}}": "512x60"},
    ),
    "PartitionsRunOut": Case(
        {'callctl_partitions_ahead_days{table="calls"}': "10x100"},
        {'callctl_partitions_ahead_days{table="calls"}': "30x100"},
        "80m",
    ),
    "RedisAway": Case(
        {f"callctl_session_errors_total{{{_ONE}}}": "0+1x60", f"callctl_registry_errors_total{{{_ONE}}}": "0x60"},
        {f"callctl_session_errors_total{{{_ONE}}}": "0x35 1x25", f"callctl_registry_errors_total{{{_ONE}}}": "0x60"},
    ),
    "NobodySchedules": Case(
        {f"callctl_scheduler_leader{{{_ONE}}}": "0x60"},
        {f"callctl_scheduler_leader{{{_ONE}}}": "0x60", 'callctl_scheduler_leader{instance="b"}': "1x60"},
    ),
    "JobFailed": Case(
        {'callctl_job_runs_total{name="backup",result="failed"}': "0x30 1x30"},
        {'callctl_job_runs_total{name="backup",result="ok"}': "0+1x60"},
    ),
    "JobLate": Case(
        {
            'callctl_job_last_success_timestamp_seconds{name="quality"}': "0x320",
            'callctl_job_period_seconds{name="quality"}': "3600x320",
        },
        {
            'callctl_job_last_success_timestamp_seconds{name="quality"}': "0+60x320",
            'callctl_job_period_seconds{name="quality"}': "3600x320",
        },
        "300m",
    ),
}
