"""How long callers wait for an answer, and for what."""

from ops.dashboards.panels import BAD, WARNING, Dashboard, Panel, Row, quantile, quantiles, stat

_STAGES = {
    "final": "final transcript",
    "end_of_turn": "turn over",
    "model_requested": "model asked",
    "first_token": "first token",
    "first_sentence": "first sentence",
    "filler": "filler",
    "first_audio": "first audio",
}
_PATIENCE = ((1, WARNING), (2, BAD))


def _within(seconds: str) -> str:
    """Share of answers that came in time; `seconds` is a bucket's bound."""
    return (
        f'sum(rate(callctl_turn_response_seconds_bucket{{le="{seconds}"}}[$__range]))'
        " / sum(rate(callctl_turn_response_seconds_count[$__range]))"
    )


def _stage(stage: str) -> str:
    metric = "callctl_turn_stage_seconds"
    return f'histogram_quantile(0.5, sum by (le) (rate({metric}_bucket{{stage="{stage}"}}[$__range])))'


_WAIT = Row("How long does a caller wait for an answer?", (
    stat("Half are answered within", quantile(0.5, "callctl_turn_response_seconds", window="$__range"), "s",
         steps=_PATIENCE, decimals=2),
    stat("95 % within", quantile(0.95, "callctl_turn_response_seconds", window="$__range"), "s",
         steps=((1.5, WARNING), (3, BAD)), decimals=2),
    stat("Within 1 s", _within("1.0"), "percentunit", decimals=0),
    stat("Within 2 s", _within("2.0"), "percentunit", decimals=0),
    stat("Answers", "sum(increase(callctl_turn_response_seconds_count[$__range]))", decimals=0),
    stat("Interrupted", "sum(increase(callctl_interruptions_total[$__range]))"
         " / sum(increase(callctl_turn_response_seconds_count[$__range]))", "percentunit",
         about="Answers over which the caller spoke."),
    Panel("End of the caller's speech to first sound of the answer", quantiles("callctl_turn_response_seconds"), "s",
          width=12, steps=_PATIENCE),
    Panel("The same, all of them", {
        "{{le}}": "sum by (le) (increase(callctl_turn_response_seconds_bucket[$__rate_interval]))",
    }, "s", kind="heatmap", width=12),
))  # fmt: skip

_WHERE = Row("Where does the time go?", (
    Panel("Waterfall: half of the turns are here after", {words: _stage(stage) for stage, words in _STAGES.items()},
          "s", kind="bargauge", width=12, steps=_PATIENCE,
          about="Each counts from the caller's last sound: what a stage takes is its bar less the one above."),
    Panel("The slow ones: 95 % of the turns are here after", {
        "{{stage}}": quantile(0.95, "callctl_turn_stage_seconds", "stage"),
    }, "s", width=12),
))  # fmt: skip

_WHO = Row("Who keeps them waiting?", (
    Panel("Vendors, 95 % of first results within", {
        "{{vendor}}": quantile(0.95, "callctl_vendor_latency_seconds", "vendor"),
    }, "s", about="google_stt: from the end of what was said to its final transcript. anthropic: to the first token. "
       "google_tts: to the first audio."),
    Panel("Knowledge search", quantiles("callctl_knowledge_search_seconds"), "s"),
    Panel("Phrases found ready", {
        "hits": 'sum(rate(callctl_phrase_cache_total{result="hit"}[$__rate_interval]))'
        " / sum(rate(callctl_phrase_cache_total[$__rate_interval]))",
    }, "percentunit", highest=1, about="What is said by rote comes from memory and costs no time."),
))  # fmt: skip

LATENCY = Dashboard("latency", "latency", "How long callers wait for an answer, and for what.", (_WAIT, _WHERE, _WHO))
