"""What the bot did for the shop, and what that cost."""

from ops.dashboards.panels import Dashboard, Panel, Row, stat

_CALLS = "sum(increase(callctl_calls_total[$__range]))"
_COST = "sum(increase(callctl_cost_total[$__range]))"
_MONEY = "In the currency of COST_CURRENCY."


def _done(*tools: str) -> str:
    """How often one of these tools did what it was asked."""
    return f'sum(increase(callctl_tool_calls_total{{tool=~"{"|".join(tools)}",result="ok"}}[$__range])) or vector(0)'


_DONE = Row("What was done for customers?", (
    stat("Calls", _CALLS, decimals=0),
    stat("Orders confirmed", _done("confirm_order"), decimals=0),
    stat("Fittings booked", _done("book_fitting"), decimals=0),
    stat("Order enquiries", _done("get_order_status"), decimals=0),
    stat("Questions answered", 'sum(increase(callctl_knowledge_searches_total{result="found"}[$__range]))',
         decimals=0, about="From the articles of the knowledge base."),
    stat("Transferred", 'sum(increase(callctl_calls_total{outcome="transferred"}[$__range]))', decimals=0),
    Panel("Done", {"{{tool}}": 'sum by (tool) (increase(callctl_tool_calls_total{tool=~"confirm_order|book_fitting|'
                   'cancel_fitting|get_order_status|find_storage",result="ok"}[1h]))'}, width=12, stacked=True,
          about="In the hour before."),
    Panel("What tools were used for", {
        "{{tool}}": 'sum by (tool) (increase(callctl_tool_calls_total{result="ok"}[$__range]))',
    }, kind="piechart", width=12, decimals=0),
))  # fmt: skip

_HUMANS = Row("How much is left to people?", (
    Panel("Calls by outcome, an hour", {"{{outcome}}": "sum by (outcome) (increase(callctl_calls_total[1h]))"},
          width=12, stacked=True),
    Panel("Share that an operator went on with", {
        "transferred": 'sum(increase(callctl_calls_total{outcome="transferred"}[1h]))'
        " / sum(increase(callctl_calls_total[1h]))",
        "failed over": 'sum(increase(callctl_calls_total{outcome="failed_over"}[1h]))'
        " / sum(increase(callctl_calls_total[1h]))",
    }, "percentunit", width=12),
))  # fmt: skip

_MONEY_ROW = Row("What does it cost?", (
    stat("Cost", _COST, decimals=2, about=_MONEY),
    stat("Cost of a call", f"{_COST} / {_CALLS}", decimals=3, about=_MONEY),
    stat("At this pace, a month", "sum(rate(callctl_cost_total[$__range])) * 30 * 24 * 3600", decimals=0,
         about=_MONEY),
    Panel("Cost an hour", {"{{part}}": "sum by (part) (increase(callctl_cost_total[1h]))"}, width=12, stacked=True,
          decimals=2, about=_MONEY),
    Panel("By part", {"{{part}}": "sum by (part) (increase(callctl_cost_total[$__range]))"}, kind="piechart",
          width=12, decimals=2, about=_MONEY),
))  # fmt: skip

BUSINESS = Dashboard("business", "business", "What the bot did for the shop, and what that cost.",
                     (_DONE, _HUMANS, _MONEY_ROW), since="now-24h")  # fmt: skip
