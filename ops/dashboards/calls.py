"""Are callers answered, how do their calls end, who is turned away."""

from ops.dashboards.panels import BAD, WARNING, Dashboard, Panel, Row, quantiles, stat

_ENDED = "sum(increase(callctl_calls_total[$__range]))"
_FAILED = 'sum(increase(callctl_calls_total{outcome="failed_over"}[$__range]))'

_ANSWERED = Row("Are callers being answered now?", (
    stat("Calls in progress", "sum(callctl_calls_active)"),
    stat("Room used", "sum(callctl_calls_active) / sum(callctl_calls_limit)", "percentunit",
         about="Of CALL_MAX_CALLS of all engines.", steps=((0.7, WARNING), (0.9, BAD))),
    stat("Engines ready", "sum(callctl_ready)", about="Engines that take new calls. /readyz of one says why it does "
         "not."),
    stat("Calls ended", _ENDED, about="In the time shown.", decimals=0),
    stat("Failed over", f"{_FAILED} / {_ENDED}", "percentunit",
         about="Share of calls that a failure of ours sent to an operator.", steps=((0.01, WARNING), (0.05, BAD))),
    stat("Transferred", f'sum(increase(callctl_calls_total{{outcome="transferred"}}[$__range])) / {_ENDED}',
         "percentunit", about="Share of calls that a human went on with."),
    Panel("Calls in progress", {"in progress": "sum(callctl_calls_active)", "limit": "sum(callctl_calls_limit)"},
          width=12, about="Over the limit new calls go to the operators' queue."),
    Panel("Calls ended", {"{{outcome}}": "sum by (outcome) (increase(callctl_calls_total[$__rate_interval]))"},
          width=12, stacked=True),
))  # fmt: skip

_ENDINGS = Row("How do calls end?", (
    Panel("Outcomes", {"{{outcome}}": "sum by (outcome) (increase(callctl_calls_total[$__range]))"}, kind="piechart",
          about="failed_over: a part of ours broke and the caller went to an operator. refused: no room, or draining."),
    Panel("Length of calls", quantiles("callctl_call_duration_seconds"), "s"),
    Panel("Why lines closed", {"{{reason}}": "sum by (reason) (increase(callctl_media_connections_total"
                               "[$__rate_interval]))"}, stacked=True,
          about="eof: the caller hung up. local: we ended the call. Anything else is a fault of a network or a PBX."),
))  # fmt: skip

_TURNED_AWAY = Row("Is anybody turned away?", (
    Panel("Why engines are not ready", {"{{instance}} {{reason}}": "max by (instance, reason) (callctl_unready)"},
          kind="state-timeline", width=12, steps=((1, BAD),), words={0: "no", 1: "yes"}),
    Panel("Calls announced", {
        "{{answer}} {{reason}}": "sum by (answer, reason) (increase(callctl_admissions_total[$__rate_interval]))",
    }, width=12, stacked=True, about="busy: sent straight to the operators' queue."),
    Panel("Announced and lost", {
        "never connected": "sum(increase(callctl_registrations_expired_total[$__rate_interval]))",
        "connected, refused": 'sum(increase(callctl_calls_total{outcome="refused"}[$__rate_interval]))',
        "not the dialplan's": "sum(increase(callctl_internal_refusals_total[$__rate_interval]))",
    }, width=12, about="Any of these says that PBX and engine do not agree: callctl asterisk check."),
    Panel("Transfers to an operator", {
        "{{outcome}}": "sum by (outcome) (increase(callctl_transfers_total[$__rate_interval]))",
    }, width=12, stacked=True, about="left_to_dialplan: without AMI the dialplan puts the caller through."),
))  # fmt: skip

_TALK = Row("How is the talk?", (
    Panel("Interruptions a call", {
        "{{kind}}": "sum by (kind) (rate(callctl_interruptions_total[$__rate_interval]))"
        " / on () group_left sum(rate(callctl_calls_total[$__rate_interval]))",
    }, decimals=1, about="barge_in: the caller took the floor. false: noise; the bot went on."),
    Panel("Answers a call", {
        "answers": "sum(rate(callctl_turn_response_seconds_count[$__rate_interval]))"
        " / sum(rate(callctl_calls_total[$__rate_interval]))",
    }, decimals=1),
    Panel("Sentences held back", {
        "{{kind}}, {{outcome}}": "sum by (kind, outcome) (increase(callctl_ungrounded_total[$__rate_interval]))",
    }, stacked=True, about="A value in them was in no data: invented by the model, and not heard by the caller."),
))  # fmt: skip

CALLS = Dashboard("calls", "calls", "Are callers answered, how do their calls end, who is turned away.",
                  (_ANSWERED, _ENDINGS, _TURNED_AWAY, _TALK))  # fmt: skip
