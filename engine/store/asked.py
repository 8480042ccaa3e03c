"""What the engine asks of the store, in the words of its contract. Nothing here is optional politeness: a field that is
`None` is left out of the request."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

type DeliveryType = Literal["delivery", "pickup"]
type PaymentMethod = Literal["cod", "online", "card_on_delivery"]
type ServiceType = Literal["tire_change", "balancing", "alignment", "storage"]
type Season = Literal["summer", "winter", "all_season"]
type Sort = Literal["price_asc", "price_desc", "popularity"]
type Quantity = Annotated[int, Field(ge=1, le=99)]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def body(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude_none=True)


class TireQuery(Asked):
    """Size in millimetres, per cent and inches: 215, 55, 17."""

    width: int
    profile: int
    diameter: int
    season: Season
    brand: str | None = None
    sort: Sort | None = None


class OrderLine(Asked):
    product_id: str
    quantity: Quantity


class NewOrder(Asked):
    customer_phone: str
    items: tuple[OrderLine, ...]
    call_id: str
    customer_name: str | None = None
    source: str = "ai_agent"


class DeliveryChoice(Asked):
    """`delivery` to city and address, or `pickup` at a point."""

    delivery_type: DeliveryType
    city: str | None = None
    address: str | None = None
    pickup_point_id: str | None = None


class Confirmation(Asked):
    payment_method: PaymentMethod
    customer_name: str | None = None
    send_sms_confirmation: bool = True


class NewBooking(Asked):
    """`date` YYYY-MM-DD, `time` HH:MM, local to the station; `tire_diameter` in inches."""

    station_id: str
    date: str
    time: str
    service_type: ServiceType
    customer_phone: str
    call_id: str
    customer_name: str | None = None
    vehicle_info: str | None = None
    tire_diameter: int | None = None
    linked_order_id: str | None = None
