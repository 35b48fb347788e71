"""Every operation of docs/openapi.yaml has a method: each method is called once, and what it asks is compared with the document."""
import inspect
import json
import pathlib
import re

import httpx
import pytest

import tamis

# Operations without a method, and what serves instead.
WITHOUT = {
    "recommend": "recommend() sends POST, whose body takes all options",
    "whyNot": "why_not() sends POST",
    "boughtTogether": "bought_together() sends a cart of one item",
}
# Members of answers that methods read before they return.
ANSWER = {"spaces": [], "funnels": [], "experiments": [], "jobs": [], "generations": [], "snapshots": [], "batches": [],
          "answers": [], "entries": [], "items": [], "users": [], "interactions": [], "vector": [], "job": "j1", "batch": "b1",
          "state": "succeeded", "generation": "g", "serving": "g"}
ARGUMENTS = {"ids": ["a"], "vectors": [[1.0]], "rows": [{}], "source": ['{"id":"a"}'], "items": ["a"], "users": ["a"],
             "batch": "b1", "tar": b"", "dim": 1, "models": ["popular"], "funnel": {}, "experiment": {}}
NOT_CALLED = ("close", "request")


def operations():
    """(method, path) -> operationId, from the document's lines; its form is held by tests/server/openapi_test.py."""
    document = pathlib.Path(__file__).parents[3] / "docs" / "openapi.yaml"
    found, path, method = {}, None, None
    for line in document.read_text(encoding="utf-8").split("\ncomponents:")[0].splitlines():
        if match := re.match(r"  (/\S*):$", line):
            path = match[1]
        elif match := re.match(r"    (get|post|put|patch|delete):", line):
            method = match[1].upper()
            found[method, path] = ""
        if path and method and (match := re.search(r"operationId: (\w+)", line)):
            found[method, path] = match[1]
    return found


def operation_of(method, path, described):
    """The operation that a request asks for; a fixed part of a path goes before an id."""
    fitting = [(template.count("{"), template) for (one, template) in described if one == method
               and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)]
    assert fitting, f"{method} {path} is not in docs/openapi.yaml"
    return described[method, min(fitting)[1]]


def arguments_of(method):
    given = {}
    for name, parameter in list(inspect.signature(method).parameters.items()):
        if name in ARGUMENTS:
            given[name] = ARGUMENTS[name]
        elif parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD:
            given[name] = "a"
    return given


def asked_by_the_methods(described):
    seen = set()

    def answer(request):
        seen.add(operation_of(request.method, request.url.path, described))
        if request.url.path.endswith("/events"):
            return httpx.Response(200, text="")
        if request.url.path == "/metrics":
            return httpx.Response(200, text="")
        return httpx.Response(200, json=ANSWER)

    def call(name, **more):
        method = getattr(client, name)
        given = {**arguments_of(method), **more}
        given = {key: value for key, value in given.items() if value is not None}
        made = method(**given)
        if inspect.isgenerator(made):
            list(made)

    with tamis.Client("http://test", transport=httpx.MockTransport(answer)) as client:
        for name, _ in inspect.getmembers(tamis.Client, inspect.isfunction):
            if not name.startswith("_") and name not in NOT_CALLED:
                call(name)
        for name, more in (("get_vector", {"kind": "user"}), ("delete_vector", {"kind": "user"}), ("recommend", {"user": "a"}),
                           ("recommend", {"user": None}), ("rollback", {"generation": "g"}), ("rollback", {})):
            call(name, **more)
    return seen


def test_every_operation_has_a_method():
    pytest.importorskip("numpy")
    described = operations()
    assert len(described) > 80 and all(described.values())
    missing = set(described.values()) - asked_by_the_methods(described)
    assert missing == set(WITHOUT), json.dumps(sorted(missing ^ set(WITHOUT)))
