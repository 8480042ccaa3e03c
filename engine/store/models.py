"""What the store answers, as the engine reads it: only the fields used, unknown ones ignored, money as `Decimal` UAH.

The contract leaves some shapes open (an id may be a number, a field without a value missing or null); the models take
either form, so that the rest of the engine sees one.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _name_of(value: object) -> object:
    """A place may come as its name or as an object that has one."""
    return value.get("name", "") if isinstance(value, Mapping) else value


def _size_of(value: object) -> object:
    return value.get("size", "") if isinstance(value, Mapping) else value


type Size = Annotated[str, BeforeValidator(_size_of)]
type Name = Annotated[str, BeforeValidator(_name_of)]


class Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        """What is null was not given: `year`, when the caller named none."""
        if isinstance(value, Mapping):
            return {name: given for name, given in value.items() if given is not None}
        return value


class Tire(Answer):
    id: str
    brand: str
    model: str
    size: str
    season: str = ""
    price: Decimal
    currency: str = "UAH"
    in_stock: bool = True
    stock_quantity: int = 0


class TirePage(Answer):
    tires: tuple[Tire, ...]
    total: int
    """How many there are in all, on this page or not."""


class Vehicle(Answer):
    make: str = ""
    model: str = ""
    year: str = ""
    oem_sizes: tuple[Size, ...] = ()


class VehicleTires(Answer):
    """A vehicle and the sizes its maker approves; they may stand inside the vehicle or beside it."""

    vehicle: Vehicle
    oem_sizes: tuple[Size, ...] = ()

    @property
    def sizes(self) -> tuple[str, ...]:
        return self.oem_sizes or self.vehicle.oem_sizes


class Location(Answer):
    warehouse: Name
    quantity: int = 0
    available_from: str | None = None


class Availability(Answer):
    total_quantity: int = 0
    locations: tuple[Location, ...] = ()
    next_delivery: str | None = None


class OrderItem(Answer):
    product_id: str = ""
    name: str = ""
    quantity: int = 1
    price: Decimal = Decimal(0)


class Order(Answer):
    id: str
    order_number: str = Field("", validation_alias=AliasChoices("order_number", "number"))
    status: str = ""
    status_label: str = ""
    customer_phone: str | None = None
    items: tuple[OrderItem, ...] = ()
    subtotal: Decimal | None = None
    total: Decimal | None = None


class Delivery(Answer):
    cost: Decimal = Field(Decimal(0), validation_alias=AliasChoices("cost", "delivery_cost"))
    total: Decimal


class Place(Answer):
    """A pickup point or a fitting station."""

    id: str
    name: str
    address: str = ""


class SlotTime(Answer):
    time: str
    available: bool = True


class SlotDay(Answer):
    date: str
    times: tuple[SlotTime, ...] = ()


class Booking(Answer):
    id: str = Field(validation_alias=AliasChoices("id", "booking_id"))
    station_id: str = ""
    station: Name = Field("", validation_alias=AliasChoices("station", "station_name"))
    date: str = ""
    time: str = ""
    service_type: str = ""
    status: str = ""
    customer_phone: str | None = None


class FittingPrice(Answer):
    label: str
    prices_by_diameter: Mapping[str, Decimal] = Field(default_factory=dict)


class StorageContract(Answer):
    number: str = Field("", validation_alias=AliasChoices("number", "contract_number", "id"))
    customer_phone: str | None = None
    model_config = ConfigDict(extra="allow", frozen=True, coerce_numbers_to_str=True)

    def facts(self) -> dict[str, Any]:
        """Everything the store says about the contract, but whose it is."""
        return self.model_dump(mode="json", exclude={"customer_phone"})


class DeliveryQuote(Answer):
    cost: Decimal = Field(validation_alias=AliasChoices("cost", "delivery_cost"))


class Pagination(Answer):
    total: int


class Envelope[T](Answer):
    """`{"data": ..., "pagination"?: ...}`, around every answer."""

    data: T
    pagination: Pagination | None = None
