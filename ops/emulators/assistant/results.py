"""What the assistant remembers of each tool's answer. Shapes as the engine's tools give them."""

from collections.abc import Callable, Mapping
from typing import Any

from ops.emulators.assistant.memory import Json, Memory

type Reader = Callable[[Memory, Mapping[str, Any], Json], None]


def _sizes(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.oem_sizes = list(result.get("oem_sizes", []))
    memory.tried_sizes.clear()
    memory.size = memory.oem_sizes[0] if memory.oem_sizes else None


def _tires(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    size = f"{arguments['width']}/{arguments['profile']} R{arguments['diameter']}"
    memory.tried_sizes.add(size)
    memory.tires = list(result.get("tires", []))
    memory.size, memory.brand = size, None
    memory.product = memory.tires[0] if len(memory.tires) == 1 else None
    memory.mentioned.clear()
    if not memory.tires:
        memory.size = next((other for other in memory.oem_sizes if other not in memory.tried_sizes), None)


def _draft(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.draft, memory.delivery, memory.ordering = result, None, False


def _delivery(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.delivery = result


def _confirmed(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.confirmed = result
    memory.draft = memory.delivery = memory.delivery_type = memory.quantity = memory.point = None
    memory.points = []


def _points(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.points = list(result.get("pickup_points", []))
    memory.point = memory.points[0] if len(memory.points) == 1 else None


def _stations(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.stations = list(result.get("stations", []))
    memory.station = memory.stations[0] if len(memory.stations) == 1 else None


def _slots(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.slots = [day for day in result.get("slots", []) if day.get("times")]


def _booked(memory: Memory, arguments: Mapping[str, Any], result: Json) -> None:
    memory.fitting = memory.rescheduling = memory.cancelling = False
    memory.time = memory.day = None
    memory.slots = []


READERS: dict[str, Reader] = {
    "get_vehicle_tire_sizes": _sizes,
    "search_tires": _tires,
    "create_order_draft": _draft,
    "update_order_delivery": _delivery,
    "confirm_order": _confirmed,
    "get_pickup_points": _points,
    "get_fitting_stations": _stations,
    "get_fitting_slots": _slots,
    "book_fitting": _booked,
    "cancel_fitting": _booked,
}


def read_result(memory: Memory, tool: str, arguments: Mapping[str, Any], result: Json) -> None:
    """Remember a successful answer; tools whose answer is only spoken leave no trace."""
    reader = READERS.get(tool)
    if reader is not None:
        reader(memory, arguments, result)
