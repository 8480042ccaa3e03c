"""Is every frame of audio there in time, both ways."""

from ops.dashboards.panels import BAD, WARNING, Dashboard, Panel, Row, quantile, stat

_FRAMES = 'sum(rate(callctl_media_jitter_frames_total{fate=~"popped|lost|concealed"}[$__rate_interval]))'

_OUT = Row("Does every frame leave in time?", (
    stat("99 % of frames leave within", quantile(0.99, "callctl_media_clock_lateness_seconds", window="$__range"), "s",
         steps=((0.01, WARNING), (0.02, BAD)), about="After they are due, every 20 ms. Callers hear holes from about "
         "40 ms on."),
    stat("Worst of the event loop", "max(callctl_event_loop_lag_seconds)", "s", steps=((0.02, WARNING), (0.1, BAD)),
         about="In the last second. What blocks it blocks the audio of every call."),
    stat("Frames nobody read", "sum(increase(callctl_media_frames_dropped_total[$__range]))", decimals=0,
         steps=((500, WARNING), (5000, BAD)), about="A peer that stalls: Asterisk overloaded, or a broken network."),
    Panel("Lateness of outbound frames", {
        "{{instance}} p50": quantile(0.5, "callctl_media_clock_lateness_seconds", "instance"),
        "{{instance}} p99": quantile(0.99, "callctl_media_clock_lateness_seconds", "instance"),
    }, "s", width=12, steps=((0.01, WARNING), (0.02, BAD))),
    Panel("Lateness of the event loop", {"{{instance}}": "max by (instance) (callctl_event_loop_lag_seconds)"}, "s",
          width=12, steps=((0.1, BAD),)),
))  # fmt: skip

_IN = Row("Is the caller heard whole?", (
    Panel("Frames that did not come as they should", {
        "{{fate}}": 'sum by (fate) (rate(callctl_media_jitter_frames_total{fate=~"late|lost|concealed|dropped"}'
        f"[$__rate_interval])) / on () group_left {_FRAMES}",
    }, "percentunit", width=12, about="Of all frames due, counted at the end of each call. lost: never came. "
       "concealed: filled in. late: came after its turn. dropped: came in a burst too large to keep."),
    Panel("Holes", {
        "{{fate}}": 'sum by (fate) (increase(callctl_media_jitter_frames_total{fate=~"gaps|underruns"}'
        "[$__rate_interval]))",
    }, width=12, about="gaps: the numbers of frames jump. underruns: the buffer ran empty."),
))  # fmt: skip

_LINE = Row("Why do lines close?", (
    Panel("Connections closed", {
        "{{reason}}": "sum by (reason) (increase(callctl_media_connections_total[$__rate_interval]))",
    }, width=12, stacked=True, about="stalled: the peer read nothing for AUDIOSOCKET_STALL_TIMEOUT. uuid_timeout: it "
       "connected and did not say which call it is."),
    Panel("Frames nobody read", {
        "{{instance}}": "sum by (instance) (rate(callctl_media_frames_dropped_total[$__rate_interval]))",
    }, "cps", width=12, about="A second; one call has 50."),
))  # fmt: skip

MEDIA = Dashboard("media", "media quality", "Is every frame of audio there in time, both ways.", (_OUT, _IN, _LINE))
