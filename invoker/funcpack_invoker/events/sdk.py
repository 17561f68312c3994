"""The bridge to the CloudEvents SDK for Python: events become its objects, its objects become attributes and data.

It works with 1.11 and later and with 2.x, whichever the function has. An event is an instance of the SDK's own class that
answers in both styles, `event["type"]` and `event.get_type()`, so that a function need not care. The SDK's readers and
validators are left out: they invent what is absent, and lose what they do not know. The SDK is imported when the first
event is made, by nothing else here.
"""

from __future__ import annotations

import types
from datetime import datetime
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from funcpack_invoker.events.event import Event

# Classes of 2.x, by the version of the event.
_CORE = {"1.0": "cloudevents.core.v1.event", "0.3": "cloudevents.core.v03.event"}
_ABSTRACT = ".abstract.event"


def to_sdk(event: Event, wanted: type | None = None) -> object:
    """Make an object of the SDK from an event.

    `event[name]` is the value on the wire; `get_attributes()` is what the class itself gives (2.x: `time` is a
    `datetime`, with microseconds at most). What is absent stays absent.

    Args:
        event: the event, as it was read.
        wanted: the class that the function's annotation names, if any; one that is not of the SDK is ignored.

    """
    return _maker(wanted, str(event.attributes["specversion"]))(event)


def from_sdk(value: object) -> tuple[dict[str, Any], Any] | None:
    """Give the attributes that are set and the data of an event of any SDK class; None if it is no such event."""
    if isinstance(value, type) or not (hasattr(value, "get_attributes") and hasattr(value, "get_data")):
        return None
    attributes = {name: _on_the_wire(value, part) for name, part in value.get_attributes().items() if part is not None}
    return attributes, value.get_data()


class _Picklable:
    """Lets pickle find the class again: under the name that it has from the SDK's there is another one."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (*type(self).__bases__, vars(self))


class _Getters:
    """What 2.x asks an event with, for the classes of 1.x."""

    if TYPE_CHECKING:

        def get(self, name: str, default: Any = None) -> Any: ...

    def get_id(self) -> Any:
        return self.get("id")

    def get_source(self) -> Any:
        return self.get("source")

    def get_type(self) -> Any:
        return self.get("type")

    def get_specversion(self) -> Any:
        return self.get("specversion")

    def get_datacontenttype(self) -> Any:
        return self.get("datacontenttype")

    def get_dataschema(self) -> Any:
        return self.get("dataschema", self.get("schemaurl"))

    def get_subject(self) -> Any:
        return self.get("subject")

    def get_time(self) -> Any:
        value = self.get("time")
        return _moment(value) if isinstance(value, str) else value

    def get_extension(self, extension_name: str) -> Any:
        return self.get(extension_name)


class _PlainGetters(_Getters, _Picklable):
    """The same, for the one class of 1.x that has no way of its own to be pickled."""


class _Items(_Picklable):
    """What 1.x asks an event with, for the classes of 2.x."""

    _attributes: dict[str, Any]
    _data: Any

    @property
    def data(self) -> Any:
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._data = data

    def __getitem__(self, name: str) -> Any:
        return _on_the_wire(self, self._attributes[name])

    def __setitem__(self, name: str, value: Any) -> None:
        self._attributes[name] = value

    def __delitem__(self, name: str) -> None:
        del self._attributes[name]

    def get(self, name: str, default: Any = None) -> Any:
        return _on_the_wire(self, self._attributes.get(name, default))

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __contains__(self, name: object) -> bool:
        return name in self._attributes


@cache
def _maker(wanted: type | None, version: str) -> Callable[[Event], object]:
    """Choose the class once, and how its objects are made."""
    base = _sdk_class(wanted, version)
    if not hasattr(base, "create"):
        return partial(_make_core, _join(_Items, base))
    if base.__module__.endswith(".http.event"):
        return partial(_make_http, _join(_PlainGetters, base))
    return partial(_make_other, _join(_Getters, base))


def _sdk_class(wanted: type | None, version: str) -> type:
    """Find the class to make: the one that is wanted, if it can be made; else that of the installed release."""
    package = wanted.__module__ if wanted and hasattr(wanted, "create") else ""
    if package.endswith(_ABSTRACT):
        return _load(package.removesuffix(_ABSTRACT) + ".http")
    if wanted and any(base.__module__.startswith("cloudevents.") for base in wanted.__mro__) and package:
        return wanted
    try:
        return _load(_CORE[version])
    except ModuleNotFoundError:
        return _load("cloudevents.http")


def _load(module: str) -> type[Any]:
    return import_module(module).CloudEvent  # type: ignore[no-any-return]


@cache
def _join(style: type, base: type) -> type[Any]:
    joined: type[Any] = types.new_class(base.__name__, (style, base))
    joined.__module__, joined.__qualname__ = base.__module__, base.__qualname__
    return joined


def _restore(style: type, base: type, state: dict[str, Any]) -> object:
    made: object = object.__new__(_join(style, base))
    vars(made).update(state)
    return made


def _make_core(joined: type[Any], event: Event) -> object:
    # 2.x validates and fills in at construction; the event has been read already.
    made: Any = object.__new__(joined)
    made._attributes, made._data = dict(event.attributes), event.data  # noqa: SLF001 - that is what __init__ does
    time = event.attributes.get("time")
    if isinstance(time, str):
        made._attributes["time"] = moment = _moment(time)  # noqa: SLF001 - as above
        made.time_on_the_wire = (moment, time)
    return made


def _make_http(joined: type[Any], event: Event) -> object:
    # 1.x invents a time at construction.
    made: Any = object.__new__(joined)
    made._attributes, made.data = dict(event.attributes), event.data  # noqa: SLF001 - that is what __init__ does
    return made


def _make_other(joined: type[Any], event: Event) -> object:
    # pydantic's class has its own way; a time of None is none.
    return joined.create({"time": None, **event.attributes}, event.data)


def _on_the_wire(event: object, value: Any) -> Any:
    """Give the string that was read instead of the `datetime` made of it: it may be more precise."""
    moment, time = getattr(event, "time_on_the_wire", (None, None))
    return time if value is moment and time is not None else value


def _moment(value: str) -> datetime | str:
    """Give the moment of a time of RFC 3339: a leap second is the last that Python knows, year 0 stays a string."""
    try:
        return datetime.fromisoformat(value.upper().replace(":60", ":59", 1))
    except ValueError:
        return value
