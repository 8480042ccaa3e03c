"""An order from "беру чотири" to the confirmed number, and the state of earlier ones."""

import re

from ops.emulators.assistant import words
from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.phrases import MORE_HELP, PAYMENT, listed, pieces, price, tire_name
from ops.emulators.assistant.reply import Call, Reply, call
from ops.emulators.assistant.tires import find_tires, which

_ORDER_NUMBER = re.compile(r"\b(\d{5,8})\b")


def order(memory: Memory) -> Reply:
    if memory.product is None:
        return which(memory) if memory.tires else find_tires(memory)
    if memory.quantity is None:
        return Reply(f"Скільки штук {tire_name(memory.product)} вам оформити?")
    items = [{"product_id": memory.product["id"], "quantity": memory.quantity}]
    return Reply(tool_uses=(Call("create_order_draft", {"items": items}),))


def after_draft(memory: Memory, result: Json) -> Reply:
    if memory.delivery_type is not None:
        return deliver(memory)
    return Reply(f"Записала, разом {price(result['subtotal'])}. Вам доставити чи заберете самі?")


def deliver(memory: Memory) -> Reply:
    """Set the delivery of the draft, or ask for what it lacks."""
    assert memory.draft is not None
    if memory.delivery_type is None:
        return Reply("Вам доставити чи заберете самі?")
    order_id = memory.draft["order_id"]
    if memory.delivery_type == "delivery":
        if memory.city is None:
            return Reply("У яке місто доставити і за якою адресою?")
        if memory.address is None:
            return Reply(f"Назвіть, будь ласка, адресу доставки в місті {memory.city}: вулицю й номер будинку.")
        return call(
            "update_order_delivery",
            order_id=order_id,
            delivery_type="delivery",
            city=memory.city,
            address=memory.address,
        )
    if memory.point is not None:
        return call(
            "update_order_delivery", order_id=order_id, delivery_type="pickup", pickup_point_id=memory.point["id"]
        )
    if memory.points:
        return Reply("З якого магазину вам зручно забрати, з першого чи з другого?")
    if memory.city is None:
        return Reply("У якому місті вам зручно забрати шини?")
    return call("get_pickup_points", city=memory.city)


def after_points(memory: Memory, result: Json) -> Reply:
    if not memory.points:
        memory.city = None
        return Reply("На жаль, у цьому місті нашого магазину немає. Оформити доставку?")
    if memory.draft is not None and memory.point is not None:
        return deliver(memory)
    places = listed([f"{point['name']}, {point['address']}" for point in memory.points[:3]])
    return Reply(f"Забрати можна тут: {places}. Який вам зручніший?")


def read_back(memory: Memory, result: Json | None = None) -> Reply:
    """Items, delivery and total, and the question that must be answered with a yes."""
    assert memory.delivery is not None
    if memory.delivery_type == "pickup" and memory.point is not None:
        where = f"самовивіз: {memory.point['address']}"
    else:
        where = f"доставка: {memory.city}, {memory.address}"
    cost = memory.delivery.get("delivery_cost") or 0
    delivery_price = f", доставка {price(cost)}" if cost else ""
    return Reply(
        f"Отже, {_items(memory)}, {where}{delivery_price}. Разом {price(memory.delivery['total'])}, "
        f"оплата {PAYMENT[memory.payment]}. Підтверджуєте?"
    )


def confirm(memory: Memory) -> Reply:
    if not memory.can("confirm_order"):
        return read_back(memory)
    assert memory.draft is not None
    return call(
        "confirm_order",
        order_id=memory.draft["order_id"],
        payment_method=memory.payment,
        customer_name=memory.name,
    )


def change(memory: Memory) -> Reply:
    return Reply("Добре, не підтверджую. Що змінити: кількість, товар чи доставку?")


def after_confirm(memory: Memory, result: Json) -> Reply:
    return Reply(f"Дякую! Замовлення {result['order_number']} підтверджено. {MORE_HELP}")


def status(memory: Memory) -> Reply:
    number = _ORDER_NUMBER.search(memory.text)
    return call("get_order_status", say="Зараз перевірю.", order_number=None if number is None else number[1])


def after_status(memory: Memory, result: Json) -> Reply:
    orders = result.get("orders", [])
    if not orders:
        return Reply("За вашим номером телефону замовлень я не знайшла. Назвіть, будь ласка, номер замовлення.")
    told = [
        f"Замовлення {row['order_number']}: {row['status_label']}, сума {price(row['total'])}." for row in orders[:2]
    ]
    return Reply(f"{' '.join(told)} {MORE_HELP}")


def quantity_changed(memory: Memory) -> bool:
    """True if the caller now wants another number of pieces than the draft says."""
    if memory.draft is None or memory.quantity is None or words.quantity(memory.text) is None:
        return False
    return memory.product is not None and memory.draft["items"][0]["quantity"] != memory.quantity


def _items(memory: Memory) -> str:
    assert memory.draft is not None
    return listed([f"{pieces(item['quantity'])} {item['name']}" for item in memory.draft["items"]])
