"""Who is ill of those the bot asks: vendors, the store, the knowledge base; and what the model uses."""

from ops.dashboards.panels import BAD, WARNING, Dashboard, Panel, Row, quantile, stat

_ILL = Row("Is anybody ill?", (
    stat("Breakers open", "sum(callctl_breaker_open)", steps=((1, BAD),),
         about="A vendor that failed five times in a row is left alone for 30 s."),
    stat("Errors", "sum(increase(callctl_vendor_errors_total[$__range]))", decimals=0, steps=((1, WARNING),)),
    stat("Tool calls failed", 'sum(increase(callctl_tool_calls_total{result="failed"}[$__range]))', decimals=0,
         steps=((1, WARNING),)),
    stat("Searches failed", 'sum(increase(callctl_knowledge_searches_total{result="failed"}[$__range]))', decimals=0,
         steps=((1, WARNING),)),
    stat("Vectors", "max(callctl_embeddings_mismatch)", steps=((1, BAD),), words={0: "as configured", 1: "mismatch"},
         about="callctl embeddings status says more."),
    Panel("Breakers", {"{{instance}} {{vendor}}": "max by (instance, vendor) (callctl_breaker_open)"},
          kind="state-timeline", width=12, steps=((1, BAD),), words={0: "closed", 1: "open"}),
    Panel("Errors", {"{{vendor}}": "sum by (vendor) (increase(callctl_vendor_errors_total[$__rate_interval]))"},
          width=12, stacked=True, about="Each try that failed; most are tried again before a caller hears of it."),
))  # fmt: skip

_SLOW = Row("Is anybody slow?", (
    Panel("Half of first results within", {"{{vendor}}": quantile(0.5, "callctl_vendor_latency_seconds", "vendor")},
          "s", width=12),
    Panel("95 % of first results within", {"{{vendor}}": quantile(0.95, "callctl_vendor_latency_seconds", "vendor")},
          "s", width=12),
))  # fmt: skip

_TOOLS = Row("Do tools do what the model asks?", (
    Panel("Tool calls", {"{{tool}}": "sum by (tool) (increase(callctl_tool_calls_total[$__rate_interval]))"},
          width=12, stacked=True),
    Panel("How they end", {"{{result}}": "sum by (result) (increase(callctl_tool_calls_total[$__rate_interval]))"},
          width=12, stacked=True, about="refused: our own rules said no. rejected: the store said no. invalid: wrong "
          "arguments. failed: the store or the database could not be asked."),
))  # fmt: skip

_MODEL = Row("What does the model use?", (
    Panel("Tokens", {"{{kind}}": "sum by (kind) (rate(callctl_model_tokens_total[$__rate_interval]))"}, "cps",
          width=12, about="A second."),
    Panel("Read from the prompt cache", {
        "share": 'sum(rate(callctl_model_tokens_total{kind="cache_read"}[$__rate_interval]))'
        ' / sum(rate(callctl_model_tokens_total{kind!="output"}[$__rate_interval]))',
    }, "percentunit", width=12, highest=1, about="Of all tokens that go in. What is read from the cache costs a tenth "
       "and comes sooner."),
))  # fmt: skip

_KNOWLEDGE = Row("Does the knowledge base answer?", (
    Panel("Searches", {
        "{{result}}": "sum by (result) (increase(callctl_knowledge_searches_total[$__rate_interval]))",
    }, width=12, stacked=True, about="nothing: no article answers what callers ask; a hint of what to write."),
    Panel("Searches take", {
        "p50": quantile(0.5, "callctl_knowledge_search_seconds"),
        "p95": quantile(0.95, "callctl_knowledge_search_seconds"),
    }, "s", width=12),
))  # fmt: skip

PROVIDERS = Dashboard("providers", "providers and breakers",
                      "Who is ill of those the bot asks, and what the model uses.",
                      (_ILL, _SLOW, _TOOLS, _MODEL, _KNOWLEDGE))  # fmt: skip
