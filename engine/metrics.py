"""Every metric the engine writes, in one place. Names by Prometheus convention: base units, `_total`.

A metric is declared here and written in exactly one package (those of vendors by each vendor's adapter, under its own
label); a test makes a real call and checks that each is written.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

_SHORT = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.008, 0.012, 0.02, 0.04, 0.06, 0.1, 0.25, 1.0)
_TURN = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_LONG = (5, 15, 30, 60, 120, 300, 600, 1200, 1800)

BUILD_INFO = Gauge("callctl_build_info", "1, of the build its labels name.", ["version", "commit", "python"],
                   registry=REGISTRY)  # fmt: skip
READY = Gauge("callctl_ready", "1 while new calls are welcome.", registry=REGISTRY)
UNREADY = Gauge("callctl_unready", "1 for each reason why new calls are not welcome.", ["reason"], registry=REGISTRY)
CALLS_LIMIT = Gauge("callctl_calls_limit", "How many calls are taken at once.", registry=REGISTRY)
ADMISSIONS = Counter(
    "callctl_admissions_total", "Calls announced, by answer and why.", ["answer", "reason"], registry=REGISTRY
)
REGISTRATIONS_EXPIRED = Counter(
    "callctl_registrations_expired_total", "Calls announced and accepted that never connected.", registry=REGISTRY
)
REGISTRY_ERRORS = Counter(
    "callctl_registry_errors_total", "Announcements and verdicts not shared with other engines.", registry=REGISTRY
)
INTERNAL_REFUSALS = Counter(
    "callctl_internal_refusals_total", "Requests to /internal that were not the dialplan's, by what was wrong.",
    ["reason"], registry=REGISTRY,
)  # fmt: skip
CALLS_ACTIVE = Gauge("callctl_calls_active", "Calls in progress.", registry=REGISTRY)
CALLS = Counter("callctl_calls_total", "Calls ended, by outcome.", ["outcome"], registry=REGISTRY)
CALL_SECONDS = Histogram("callctl_call_duration_seconds", "Length of calls.", buckets=_LONG, registry=REGISTRY)
CONNECTIONS = Counter(
    "callctl_media_connections_total", "Media connections closed, by reason.", ["reason"], registry=REGISTRY
)
CLOCK_LATENESS = Histogram(
    "callctl_media_clock_lateness_seconds", "Outbound frames: sent after due.", buckets=_SHORT, registry=REGISTRY
)
FRAMES_DROPPED = Counter(
    "callctl_media_frames_dropped_total", "Outbound frames the peer did not read.", registry=REGISTRY
)
JITTER = Counter("callctl_media_jitter_frames_total", "Inbound frames by fate.", ["fate"], registry=REGISTRY)
TURN_STAGE = Histogram(
    "callctl_turn_stage_seconds", "A turn's waterfall, by stage.", ["stage"], buckets=_TURN, registry=REGISTRY
)
TURN_SECONDS = Histogram(
    "callctl_turn_response_seconds", "End of the caller's speech to first bot audio.", buckets=_TURN, registry=REGISTRY
)
INTERRUPTIONS = Counter("callctl_interruptions_total", "Barge-ins, by kind.", ["kind"], registry=REGISTRY)
TRANSFERS = Counter("callctl_transfers_total", "Transfers to an operator, by outcome.", ["outcome"], registry=REGISTRY)
VENDOR_ERRORS = Counter("callctl_vendor_errors_total", "Vendor failures.", ["vendor"], registry=REGISTRY)
VENDOR_SECONDS = Histogram(
    "callctl_vendor_latency_seconds", "Vendor time to first result.", ["vendor"], buckets=_TURN, registry=REGISTRY
)
BREAKER_OPEN = Gauge("callctl_breaker_open", "1 while a circuit breaker is open.", ["vendor"], registry=REGISTRY)
TOOL_CALLS = Counter(
    "callctl_tool_calls_total", "Tool calls, by tool and result.", ["tool", "result"], registry=REGISTRY
)
UNGROUNDED = Counter(
    "callctl_ungrounded_total", "Sentences held for a value in no data.", ["kind", "outcome"], registry=REGISTRY
)
TOKENS = Counter("callctl_model_tokens_total", "Model tokens, by kind.", ["kind"], registry=REGISTRY)
COST = Counter(
    "callctl_cost_total", "What calls cost, by part, in the currency of the price table.", ["part"], registry=REGISTRY
)
PHRASE_CACHE = Counter("callctl_phrase_cache_total", "Phrase cache look-ups.", ["result"], registry=REGISTRY)
LOOP_LAG = Gauge(
    "callctl_event_loop_lag_seconds", "Worst lateness of the event loop in the last second.", registry=REGISTRY
)
AMI_UP = Gauge("callctl_ami_up", "1 while logged in to Asterisk's manager.", ["address"], registry=REGISTRY)
AMI_ERRORS = Counter(
    "callctl_ami_errors_total", "Failures of Asterisk's manager, by kind.", ["kind"], registry=REGISTRY
)
RECORDS = Counter("callctl_records_total", "Rows for the database, by result.", ["result"], registry=REGISTRY)
PARTITIONS_AHEAD = Gauge(
    "callctl_partitions_ahead_days", "How far ahead a table's partitions reach.", ["table"], registry=REGISTRY
)
SESSION_ERRORS = Counter(
    "callctl_session_errors_total", "Session reads and writes that fell back to memory.", registry=REGISTRY
)
RECORDS_WAITING = Gauge("callctl_records_waiting", "Rows in memory, in no table and no spool.", registry=REGISTRY)
RECORDS_OLDEST = Gauge(
    "callctl_records_oldest_seconds", "Age of the oldest row that is in no table yet.", registry=REGISTRY
)
DATABASE_UP = Gauge("callctl_database_up", "1 while the database answers.", registry=REGISTRY)
SPOOL_ROWS = Gauge("callctl_spool_rows", "Rows in the spool on disk.", registry=REGISTRY)
SPOOL_BYTES = Gauge("callctl_spool_bytes", "Size of the spool on disk.", registry=REGISTRY)
SPOOL_LIMIT = Gauge("callctl_spool_limit_bytes", "What the spool may grow to.", registry=REGISTRY)
EMBEDDINGS_MISMATCH = Gauge(
    "callctl_embeddings_mismatch", "1 while there are no vectors such as the settings ask for.", registry=REGISTRY
)
KNOWLEDGE_SEARCHES = Counter(
    "callctl_knowledge_searches_total", "Searches of the knowledge base, by result.", ["result"], registry=REGISTRY
)
KNOWLEDGE_WORDS_ONLY = Counter(
    "callctl_knowledge_words_only_total", "Searches of the knowledge base without the question's vector, for whatever"
    " reason.", registry=REGISTRY,
)  # fmt: skip
KNOWLEDGE_SECONDS = Histogram(
    "callctl_knowledge_search_seconds", "A search of the knowledge base, its vector included.", buckets=_SHORT,
    registry=REGISTRY,
)  # fmt: skip
