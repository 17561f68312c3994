"""The bridge to the SDK, with whichever release is installed; test_sdk_releases.py runs this file with the others."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from funcpack_invoker.events.cloudevent import Event, complete, write_binary
from funcpack_invoker.events.sdk import from_sdk, to_sdk

ATTRIBUTES: dict[str, Any] = {
    "specversion": "1.0",
    "id": "1",
    "source": "/s",
    "type": "com.example.order",
    "subject": "x",
    "time": "2018-04-05T17:31:00.123456789Z",
    "datacontenttype": "application/json",
    "dataschema": "http://x/y",
    "count": 5,
    "flag": True,
}
EVENT = Event(ATTRIBUTES, {"a": 1})
BARE = Event({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}, None)
MOMENT = datetime(2018, 4, 5, 17, 31, 0, 123456, tzinfo=UTC)

IS_2 = importlib.util.find_spec("cloudevents.core") is not None
CLASSES_OF_1 = ["cloudevents.http", "cloudevents.pydantic"]
CLASSES_OF_2 = ["cloudevents.core.v1.event", "cloudevents.v1.http", "cloudevents.v1.pydantic"]
CLASSES = CLASSES_OF_2 if IS_2 else CLASSES_OF_1
ABSTRACT_CLASSES = (
    ["cloudevents.core.base.BaseCloudEvent", "cloudevents.v1.abstract.CloudEvent"]
    if IS_2
    else ["cloudevents.abstract.CloudEvent"]
)

SDK = "cloudevents.v1.sdk.event" if IS_2 else "cloudevents.sdk.event"


def load(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def sdk_class(module: str = CLASSES[0]) -> Any:
    return load(f"{module}.CloudEvent")


def made(event: Event = EVENT, wanted: Any = None) -> Any:
    return to_sdk(event, wanted)


def test_event_is_of_the_class_of_the_installed_release() -> None:
    assert isinstance(made(), sdk_class())
    assert type(made()).__name__ == "CloudEvent"


@pytest.mark.parametrize("name", [f"{module}.CloudEvent" for module in CLASSES] + ABSTRACT_CLASSES)
def test_event_is_of_the_class_that_is_wanted(name: str) -> None:
    wanted = load(name)
    event = made(wanted=wanted)
    assert wanted in type(event).__mro__
    assert (event["type"], event.get_type(), event.data) == ("com.example.order", "com.example.order", {"a": 1})


def test_class_derived_from_a_plain_one_of_1_is_made() -> None:
    base = sdk_class("cloudevents.v1.http" if IS_2 else "cloudevents.http")
    order = type("Order", (base,), {"total": lambda self: len(self.get_data())})
    assert made(wanted=order).total() == 1


@pytest.mark.parametrize("wanted", [dict, Event, int])
def test_class_that_is_not_of_the_sdk_is_ignored(wanted: type) -> None:
    assert isinstance(made(wanted=wanted), sdk_class())


@pytest.mark.parametrize("module", CLASSES)
def test_event_answers_like_one_of_1(module: str) -> None:
    event = made(wanted=sdk_class(module))
    assert (event["id"], event["count"], event["flag"]) == ("1", 5, True)
    assert (event.get("subject"), event.get("none"), event.get("none", 7)) == ("x", None, 7)
    assert "count" in event
    assert "none" not in event
    assert set(event) == ATTRIBUTES.keys()
    assert len(event) == len(ATTRIBUTES)
    assert event.data == event.get_data() == {"a": 1}
    with pytest.raises(KeyError):
        event["none"]


@pytest.mark.parametrize("module", CLASSES)
def test_event_answers_like_one_of_2(module: str) -> None:
    event = made(wanted=sdk_class(module))
    assert (event.get_id(), event.get_source(), event.get_type()) == ("1", "/s", "com.example.order")
    assert (event.get_specversion(), event.get_subject()) == ("1.0", "x")
    assert (event.get_datacontenttype(), event.get_dataschema()) == ("application/json", "http://x/y")
    assert event.get_time() == MOMENT
    assert (event.get_extension("count"), event.get_extension("none")) == (5, None)
    assert event.get_attributes()["type"] == "com.example.order"


@pytest.mark.parametrize("version", ["1.0", "0.3"])
@pytest.mark.skipif(not IS_2, reason="the classes of 1.x are constructed by their own constructor")
def test_everything_public_of_a_class_of_2_is_overridden(version: str) -> None:
    event = made(Event(BARE.attributes | {"specversion": version}, None))
    sdk = load("cloudevents.core.v1.event.CloudEvent" if version == "1.0" else "cloudevents.core.v03.event.CloudEvent")
    public = {name for name in vars(sdk) if not name.startswith("_")}
    ours = {name for base in type(event).__mro__ if "funcpack_invoker" in base.__module__ for name in vars(base)}
    assert "get_attributes" in public
    assert public <= ours


@pytest.mark.parametrize("module", CLASSES)
def test_event_can_be_changed(module: str) -> None:
    event = made(wanted=sdk_class(module))
    event["type"] = "reply"
    del event["subject"]
    event.data = "new"
    attributes, data = from_sdk(event) or ({}, None)
    assert attributes["type"] == "reply"
    assert "subject" not in attributes
    assert data == "new"
    assert ATTRIBUTES["type"] == "com.example.order"


def test_time_is_the_string_on_the_wire() -> None:
    assert made()["time"] == made().get("time") == "2018-04-05T17:31:00.123456789Z"


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        pytest.param("2018-04-05t17:31:00.5z", MOMENT.replace(microsecond=500_000), id="lower case"),
        pytest.param("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), id="leap second"),
        pytest.param("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", id="year 0, which Python does not know"),
    ],
)
def test_time_that_python_does_not_read(time: str, moment: object) -> None:
    event = Event(BARE.attributes | {"time": time}, None)
    assert made(event).get_time() == moment
    assert from_sdk(made(event)) == (event.attributes, None)


@pytest.mark.parametrize("module", CLASSES)
def test_absent_attributes_are_not_invented(module: str) -> None:
    event = made(BARE, sdk_class(module))
    assert event.get_time() is None
    assert from_sdk(event) == (BARE.attributes, None)


@pytest.mark.parametrize("event", [EVENT, BARE], ids=["full", "bare"])
def test_event_comes_back_as_it_was(event: Event) -> None:
    assert from_sdk(made(event)) == (event.attributes, event.data)
    assert from_sdk(copy.deepcopy(made(event))) == (event.attributes, event.data)


@pytest.mark.parametrize("module", [module for module in CLASSES if "pydantic" not in module])
@pytest.mark.parametrize(
    "hand_over", [copy.copy, lambda event: pickle.loads(pickle.dumps(event))], ids=["copy", "pickle"]
)
def test_event_can_be_handed_to_another_process(module: str, hand_over: Any) -> None:
    handed = hand_over(made(EVENT, sdk_class(module)))
    assert type(handed) is type(made(EVENT, sdk_class(module)))
    assert from_sdk(handed) == (EVENT.attributes, EVENT.data)


@pytest.mark.parametrize("module", [module for module in CLASSES if not module.endswith("event")])
def test_event_of_0_3_is_made_by_the_classes_of_1(module: str) -> None:
    assert made(Event(BARE.attributes | {"specversion": "0.3"}, None), sdk_class(module))["specversion"] == "0.3"


def test_event_of_0_3() -> None:
    event = Event(BARE.attributes | {"specversion": "0.3", "schemaurl": "/x"}, "data")
    assert (made(event).get_specversion(), made(event).get_dataschema(), made(event).data) == ("0.3", "/x", "data")
    assert from_sdk(made(event)) == (event.attributes, "data")


@pytest.mark.parametrize("module", CLASSES)
def test_event_that_a_function_makes_can_be_sent(module: str) -> None:
    returned = sdk_class(module)({"type": "t", "source": "/s", "ext": "é"}, {"a": 1})
    found = from_sdk(returned)
    assert found is not None
    headers, body = write_binary(complete(*found))
    named = dict(headers)
    assert (named[b"ce-type"], named[b"ce-source"], named[b"ce-ext"]) == (b"t", b"/s", b"%C3%A9")
    assert named.keys() >= {b"ce-id", b"ce-time", b"ce-specversion"}
    assert (named[b"content-type"], body) == (b"application/json", b'{"a": 1}')


def test_event_can_be_made_from_the_attributes_of_another() -> None:
    reply = sdk_class()({**made().get_attributes(), "type": "reply"}, "done")
    attributes, data = from_sdk(reply) or ({}, None)
    assert complete(attributes, data).attributes["type"] == "reply"
    assert data == "done"


def test_time_that_a_function_sets_is_sent() -> None:
    event = made()
    event["time"] = datetime(2020, 1, 1, tzinfo=UTC)
    assert complete(*(from_sdk(event) or ({}, None))).attributes["time"] == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("name", [f"{SDK}.v1.Event", f"{SDK}.v03.Event", f"{SDK}.base.BaseEvent"])
def test_event_of_the_first_api_has_all_of_them(name: str) -> None:
    wanted = load(name)
    event = made(wanted=wanted)
    assert isinstance(event, wanted)
    assert isinstance(event, load(f"{'cloudevents.v1' if IS_2 else 'cloudevents'}.http.CloudEvent"))
    assert (event.EventID(), event.EventType(), event.Source(), event.Subject()) == (
        "1",
        "com.example.order",
        "/s",
        "x",
    )
    assert (event.Data(), event.data, event.get_data()) == ({"a": 1}, {"a": 1}, {"a": 1})
    assert (event.EventTime(), event["time"]) == (ATTRIBUTES["time"], ATTRIBUTES["time"])
    assert event.Extensions()["count"] == event["count"] == event.get("count") == event.get_extension("count") == 5
    assert (event.type, event.get_type(), event.get_time()) == ("com.example.order", "com.example.order", MOMENT)
    assert dict(event.get_attributes()) == {name: event[name] for name in event} == ATTRIBUTES
    assert ("subject" in event, "no" in event, len(event)) == (True, False, len(ATTRIBUTES))
    assert from_sdk(event) == (ATTRIBUTES, {"a": 1})


def test_base_of_the_first_api_is_the_class_of_the_version() -> None:
    old = Event(BARE.attributes | {"specversion": "0.3"}, None)
    assert isinstance(made(old, load(f"{SDK}.base.BaseEvent")), load(f"{SDK}.v03.Event"))


def test_event_of_the_first_api_can_be_changed_copied_and_pickled() -> None:
    event = made(Event({**ATTRIBUTES, "extensions": "of the event"}, {"a": 1}), load(f"{SDK}.v1.Event"))
    event["type"] = "reply"
    event["count"] = 6
    del event["subject"], event["flag"]
    event.data = "new"
    for same in (event, copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert type(same) is type(event)
        assert same == event
        attributes, data = from_sdk(same) or ({}, None)
        assert (attributes["type"], attributes["count"], attributes["extensions"], data) == (
            "reply",
            6,
            "of the event",
            "new",
        )
        assert attributes.keys().isdisjoint({"subject", "flag"})


def test_subclass_of_a_class_of_the_sdk_is_created() -> None:
    for name in (f"{SDK}.v1.Event", *(f"{module}.CloudEvent" for module in CLASSES)):

        class Mine(load(name)):  # type: ignore[misc] # a class that only the installed release has
            pass

        event = made(wanted=Mine)
        assert isinstance(event, Mine)
        assert event["type"] == "com.example.order"


def test_event_of_the_first_api_that_a_function_makes_can_be_sent() -> None:
    event = load(f"{SDK}.v1.Event")().SetEventID("7").SetEventType("t").SetSource("/s").SetData({"a": 1})
    event.SetExtensions({"ext": "x"})
    attributes, data = from_sdk(event) or ({}, None)
    assert (attributes, data) == ({"specversion": "1.0", "id": "7", "type": "t", "source": "/s", "ext": "x"}, {"a": 1})


@pytest.mark.parametrize("value", [None, "x", {"type": "t"}, ({}, 1), EVENT, sdk_class(), object()])
def test_value_that_is_no_event_of_the_sdk(value: object) -> None:
    assert from_sdk(value) is None


def test_sdk_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, funcpack_invoker.events.sdk; sys.exit('cloudevents' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
