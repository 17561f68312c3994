"""The bridge to the CloudEvents SDK for Python: converts events to its objects, and its objects to events.

It works with 1.11 and later and with 2.x, whichever release the function has. An event is an instance of the SDK's own
class that supports the API of both, `event["type"]` and `event.get_type()`, so that a function works with either. The
SDK's parsers and validators are not used: they invent what is absent and lose what they do not know. The SDK is imported
when the first event is created, and nowhere else in the invoker.
"""

from __future__ import annotations

import types
from datetime import datetime
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from funcpack_invoker.events.event import Event

# The classes of 2.x, by the version of the event.
_CORE = {"1.0": "cloudevents.core.v1.event", "0.3": "cloudevents.core.v03.event"}
_ABSTRACT = ".abstract.event"

# The classes that were the API of the first releases: v1.Event, v03.Event, and their base, base.BaseEvent.
_OPTIONS = ".sdk.event."


def to_sdk(event: Event, wanted: type | None = None) -> object:
    """Create an object of the SDK from an event.

    `event[name]` is the value on the wire; `get_attributes()` has the values of the class itself (2.x: `time` is a
    `datetime`, with microseconds at most). Absent attributes stay absent.

    Args:
        event: the event, as it was decoded.
        wanted: the class of the function's annotation, if any; ignored if it is not one of the SDK.

    """
    return _factory(wanted, str(event.attributes["specversion"]))(event)


def from_sdk(value: object) -> tuple[dict[str, Any], Any] | None:
    """Return the attributes that are set and the data of an event of any SDK class; None for anything else."""
    if isinstance(value, type):
        return None
    if not (hasattr(value, "get_attributes") and hasattr(value, "get_data")):
        return _from_options(value) if hasattr(value, "Properties") and hasattr(value, "Extensions") else None
    attributes = {name: _on_the_wire(value, part) for name, part in value.get_attributes().items() if part is not None}
    return attributes, value.get_data()


def _from_options(event: Any) -> tuple[dict[str, Any], Any]:
    """Return the attributes and the data of an event of `cloudevents.sdk.event`."""
    attributes = event.Properties()
    data = attributes.pop("data", None)
    extensions = attributes.pop("extensions", {})
    return {name: value for name, value in {**attributes, **extensions}.items() if value is not None}, data


class _Picklable:
    """Lets pickle find the class: the name that it has in the SDK's module is that of the SDK's class."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self).__bases__, vars(self))


class _Getters:
    """The getters of 2.x, for any class with `get`."""

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

    def get_datacontentencoding(self) -> Any:
        return self.get("datacontentencoding")

    def get_dataschema(self) -> Any:
        return self.get("dataschema", self.get("schemaurl"))

    def get_schemaurl(self) -> Any:
        return self.get("schemaurl")

    def get_subject(self) -> Any:
        return self.get("subject")

    def get_time(self) -> Any:
        value = self.get("time")
        return _moment(value) if isinstance(value, str) else value

    def get_extension(self, extension_name: str) -> Any:
        return self.get(extension_name)


class _PicklableGetters(_Getters, _Picklable):
    """The same, for the one class of 1.x that does not support pickle itself."""


class _Core(_Getters, _Picklable):
    """A complete event with the API of 1.x and 2.x, for the classes of 2.x.

    It overrides everything public of them and keeps the attributes itself: their constructor invents absent attributes,
    and rejects events that are valid.
    """

    def __init__(self, attributes: dict[str, Any], data: Any) -> None:
        self.data = data
        self._values = dict(attributes)
        self._time: tuple[Any, Any] = (None, None)
        time = attributes.get("time")
        if isinstance(time, str):
            self._values["time"] = moment = _moment(time)
            self._time = moment, time

    def get_attributes(self) -> dict[str, Any]:
        return self._values

    def get_data(self) -> Any:
        return self.data

    def get_time(self) -> Any:
        return self._values.get("time")

    def __getitem__(self, name: str) -> Any:
        return self.on_the_wire(self._values[name])

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.on_the_wire(self._values.get(name, default))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def on_the_wire(self, value: Any) -> Any:
        """Return the string that was received for the `datetime` made of it, which may be less precise."""
        moment, time = self._time
        return time if value is moment and time is not None else value


class _Options(_Getters, _Picklable):
    """An event with the API of `cloudevents.sdk.event`, such as `EventType()`, and with that of the other classes.

    The class of the SDK keeps the values; everything public of the other one is overridden.
    """

    if TYPE_CHECKING:

        def Data(self) -> Any: ...  # noqa: N802 - the SDK's own name
        def Extensions(self) -> dict[str, Any]: ...  # noqa: N802
        def Get(self, key: str) -> tuple[Any, bool]: ...  # noqa: N802
        def Set(self, key: str, value: Any) -> None: ...  # noqa: N802

    @classmethod
    def create(cls, attributes: Mapping[str, Any], data: Any) -> Any:
        created = cls()
        extensions: dict[str, Any] = {}
        for name, value in attributes.items():
            is_option = created.Get(name)[1] and name != "extensions"
            (created.Set if is_option else extensions.__setitem__)(name, value)
        created.Set("extensions", extensions)
        created.Set("data", data)
        return created

    def get_attributes(self) -> dict[str, Any]:
        return _from_options(self)[0]

    def get_data(self) -> Any:
        return self.Data()

    def __getitem__(self, name: str) -> Any:
        return self.get_attributes()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.Set(name, value)

    def __delitem__(self, name: str) -> None:
        extensions = self.Extensions()
        if name in extensions:
            del extensions[name]
            self.Set("extensions", extensions)
        else:
            self.Set(name, None)

    def get(self, name: str, default: Any = None) -> Any:
        return self.get_attributes().get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_attributes())

    def __len__(self) -> int:
        return len(self.get_attributes())

    def __contains__(self, name: object) -> bool:
        return name in self.get_attributes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Options) and _from_options(self) == _from_options(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr({"attributes": self.get_attributes(), "data": self.Data()})


@cache
def _factory(wanted: type | None, version: str) -> Callable[[Event], object]:
    """Choose the class, once, and how its objects are created."""
    of_options = next((base for base in wanted.__mro__ if _OPTIONS in base.__module__), None) if wanted else None
    if wanted and of_options:
        return partial(_create_options, _join(_Options, *_option_classes(wanted, of_options, version)))
    base = _sdk_class(wanted, version)
    if not hasattr(base, "create"):
        return partial(_create_core, _join(_Core, base))
    if base.__module__.endswith(".http.event"):
        return partial(_create_http, _join(_PicklableGetters, base))
    return partial(_create_other, _join(_Getters, base))


def _sdk_class(wanted: type | None, version: str) -> type:
    """Return the class to create: the wanted one if it can be created; else that of the installed release."""
    package = wanted.__module__ if wanted and hasattr(wanted, "create") else ""
    if package.endswith(_ABSTRACT):
        return _load(package.removesuffix(_ABSTRACT) + ".http")
    if wanted and any(base.__module__.startswith("cloudevents.") for base in wanted.__mro__) and package:
        return wanted
    if wanted and not wanted.__module__.startswith("cloudevents.") and _is_core(wanted):
        return wanted
    try:
        return _load(_CORE[version])
    except ModuleNotFoundError:
        return _load("cloudevents.http")


def _is_core(wanted: type) -> bool:
    """Return whether a class of the user is derived from one of 2.x."""
    return any(base.__module__ in _CORE.values() for base in wanted.__mro__)


def _option_classes(wanted: type, base: type, version: str) -> tuple[type, type]:
    """Return the wanted class, or for `BaseEvent` that of the event's version, and the CloudEvent of the same package."""
    package = base.__module__.partition(_OPTIONS)[0]
    if wanted.__module__.endswith(f"{_OPTIONS}base"):
        wanted = import_module(f"{package}{_OPTIONS}{'v03' if version == '0.3' else 'v1'}").Event
    return wanted, _load(f"{package}.http")


def _load(module: str) -> type[Any]:
    found: type[Any] = import_module(module).CloudEvent
    return found


@cache
def _join(style: type, base: type, *others: type) -> type[Any]:
    joined: type[Any] = types.new_class(base.__name__, (style, base, *others))
    joined.__module__, joined.__qualname__ = base.__module__, base.__qualname__
    return joined


def _restore(bases: tuple[type, ...], state: dict[str, Any]) -> object:
    restored: object = object.__new__(_join(*bases))
    vars(restored).update(state)
    return restored


def _create_options(joined: type[Any], event: Event) -> object:
    created: object = joined.create(event.attributes, event.data)
    return created


def _create_core(joined: type[Any], event: Event) -> object:
    return joined(event.attributes, event.data)


def _create_http(joined: type[Any], event: Event) -> object:
    created = _create_other(joined, event)
    if "time" not in event.attributes:
        del created["time"]
    return created


def _create_other(joined: type[Any], event: Event) -> Any:
    # Without any time the classes of 1.x invent one; None is as good as absent.
    return joined.create({"time": None, **event.attributes}, event.data)


def _on_the_wire(event: object, value: Any) -> Any:
    return event.on_the_wire(value) if isinstance(event, _Core) else value


def _moment(value: str) -> datetime | str:
    """Return the moment of an RFC 3339 time: a leap second is the second before it, year 0 stays a string."""
    try:
        return datetime.fromisoformat(value.upper().replace(":60", ":59", 1))
    except ValueError:
        return value
