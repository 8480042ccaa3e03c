"""What a call was about, told from the tools it used and how it ended. Pure.

The table is read from the top: what a caller achieved says more than what he asked on the way there.
"""

from collections.abc import Collection, Mapping
from typing import Final

BY_TOOL: Final[Mapping[str, str]] = {
    "confirm_order": "order",
    "book_fitting": "fitting",
    "cancel_fitting": "fitting_cancelled",
    "create_callback_request": "callback",
    "create_order_draft": "order_begun",
    "update_order_delivery": "order_begun",
    "get_order_status": "order_status",
    "find_storage": "storage",
    "get_customer_bookings": "fitting_enquiry",
    "get_fitting_slots": "fitting_enquiry",
    "get_fitting_stations": "fitting_enquiry",
    "get_fitting_price": "fitting_enquiry",
    "check_availability": "tires",
    "search_tires": "tires",
    "get_vehicle_tire_sizes": "tires",
    "get_pickup_points": "pickup_points",
    "search_knowledge_base": "advice",
}
_WITHOUT_TOOLS: Final[Mapping[str, str]] = {"transferred": "operator", "silence": "silence"}
"""By outcome, of a call in which nothing was looked up."""
OTHER: Final = "talk"
UNHEARD: Final = "nothing_said"
WITHOUT_RESULT: Final = frozenset({*_WITHOUT_TOOLS.values(), OTHER, UNHEARD})
"""Of calls in which nothing was looked up or done."""


def scenario(tools: Collection[str], outcome: str, *, caller_spoke: bool) -> str:
    """`tools`: the names of those that answered well."""
    by_tool = next((meaning for tool, meaning in BY_TOOL.items() if tool in tools), None)
    return by_tool or _WITHOUT_TOOLS.get(outcome) or (OTHER if caller_spoke else UNHEARD)
