"""The fitting stations: prices, free slots, bookings and their changes; and the storage of tyres."""

from ops.emulators.assistant import words
from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.phrases import MORE_HELP, OPERATOR_OFFER, calendar_day, listed, price
from ops.emulators.assistant.reply import Reply, call
from ops.seed.catalogue import parse_size

TIMES_OFFERED = 3


def prices(memory: Memory) -> Reply:
    diameter = words.diameter(memory.text)
    if diameter is None and memory.size is not None:
        diameter = parse_size(memory.size)[2]
    if diameter is None:
        return Reply("Який у вас діаметр коліс?")
    station = None if memory.station is None else memory.station["id"]
    return call("get_fitting_price", station_id=station, tire_diameter=diameter)


def after_prices(memory: Memory, result: Json) -> Reply:
    rows = result.get("prices", [])[:2]
    if not rows:
        return Reply(f"Ціни на цю послугу я не знайшла. {OPERATOR_OFFER}")
    told = listed([f"{row['label']} — {price(row['price'])}" for row in rows])
    return Reply(f"{told}. Записати вас на шиномонтаж?")


def book(memory: Memory) -> Reply:
    """The next step towards a booking: city, station, day, time."""
    if memory.rescheduling and memory.day is not None and memory.time is not None:
        return call("get_customer_bookings", say="Зараз перенесу.")
    if memory.rescheduling:
        return Reply("На який день і на яку годину перенести ваш запис?")
    if memory.station is None and memory.stations:
        return Reply(f"На яку станцію вас записати: {_stations(memory)}?")
    if memory.station is None and memory.city is None:
        return Reply("У якому місті вам зручно зробити шиномонтаж?")
    if memory.station is None:
        return call("get_fitting_stations", city=memory.city)
    if memory.day is None:
        return Reply("На який день вас записати?")
    offered = {day["date"]: day["times"] for day in memory.slots}
    if memory.time is not None and memory.time in offered.get(memory.day.isoformat(), []):
        return call(
            "book_fitting",
            station_id=memory.station["id"],
            date=memory.day.isoformat(),
            time=memory.time,
            service_type=memory.service,
            customer_name=memory.name,
        )
    if memory.day.isoformat() in offered:
        return _offer_times(memory)
    return call(
        "get_fitting_slots",
        say="Зараз подивлюся вільний час.",
        station_id=memory.station["id"],
        date_from=memory.day.isoformat(),
        date_to=memory.day.isoformat(),
        service_type=memory.service,
    )


def after_stations(memory: Memory, result: Json) -> Reply:
    if not memory.stations:
        memory.city = None
        return Reply("На жаль, у цьому місті нашої станції немає. Підказати в іншому місті?")
    if memory.station is not None:
        if memory.day is not None:
            return book(memory)
        return Reply(f"Є станція: {_stations(memory)}. На який день вас записати?")
    return Reply(f"У нас є такі станції: {_stations(memory)}. Яка вам зручніша і на який день?")


def after_slots(memory: Memory, result: Json) -> Reply:
    if memory.day is None or memory.day.isoformat() not in {day["date"] for day in memory.slots}:
        return Reply("На цей день вільного часу немає. На який інший день вас записати?")
    return book(memory)


def after_booking(memory: Memory, result: Json) -> Reply:
    return Reply(f"Записала вас на {calendar_day(result['date'])} о {result['time']}, {result['station']}. {MORE_HELP}")


def bookings(memory: Memory) -> Reply:
    return call("get_customer_bookings", say="Зараз перевірю.")


def after_bookings(memory: Memory, result: Json) -> Reply:
    rows = result.get("bookings", [])
    if not rows:
        return Reply(f"Записів за вашим номером я не знайшла. {MORE_HELP}")
    booking = rows[-1]
    booking_id = booking.get("booking_id") or booking.get("id")
    if memory.cancelling:
        return call("cancel_fitting", booking_id=booking_id, action="cancel")
    if memory.rescheduling and memory.day is not None:
        return call(
            "cancel_fitting",
            booking_id=booking_id,
            action="reschedule",
            date=memory.day.isoformat(),
            time=memory.time,
        )
    return Reply(f"Ви записані на {calendar_day(booking['date'])} о {booking['time']}. {MORE_HELP}")


def after_cancelling(memory: Memory, result: Json) -> Reply:
    done = "Ваш запис скасовано." if result.get("status") == "cancelled" else "Ваш запис перенесено."
    return Reply(f"{done} {MORE_HELP}")


def storage(memory: Memory) -> Reply:
    return call("find_storage", say="Зараз перевірю.")


def after_storage(memory: Memory, result: Json) -> Reply:
    contracts = result.get("contracts", [])
    if not contracts:
        return Reply(f"Договорів зберігання за вашим номером я не знайшла. {MORE_HELP}")
    contract = contracts[0]
    until = contract.get("stored_until")
    kept = f", зберігаємо до {calendar_day(until)}" if until else ""
    return Reply(
        f"За договором {contract.get('number', '')} у нас {contract.get('items', 'ваші шини')}{kept}. {MORE_HELP}"
    )


def _stations(memory: Memory) -> str:
    return listed([f"{station['name']}, {station['address']}" for station in memory.stations[:3]])


def _offer_times(memory: Memory) -> Reply:
    assert memory.day is not None
    times = next(day["times"] for day in memory.slots if day["date"] == memory.day.isoformat())
    taken = "" if memory.time is None else f"О {memory.time} зайнято. "
    # Spread over the day: three times in a row say little.
    spread = [times[index * (len(times) - 1) // (TIMES_OFFERED - 1)] for index in range(TIMES_OFFERED)]
    told = listed(list(dict.fromkeys(spread)))
    return Reply(f"{taken}На {calendar_day(memory.day.isoformat())} вільно о {told}. Який час вам зручний?")
