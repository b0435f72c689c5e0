"""The template and the state machine as the project has them, for the tests beside this file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

Document = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Knows CloudFormation's short tags."""


def _long_form(loader: _Loader, tag: str, node: yaml.Node) -> Document:
    """`!Sub x` as `{"Fn::Sub": "x"}`, and so on for every tag."""
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise TypeError(f"!{tag} before a mapping")
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _long_form)


def load(path: Path) -> Document:
    document: Document = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    return document


TEMPLATE = load(ROOT / "template.yaml")
RESOURCES: dict[str, Document] = TEMPLATE["Resources"]
STATE_MACHINE_FILE = ROOT / RESOURCES["StateMachine"]["Properties"]["DefinitionUri"]


def of_type(kind: str) -> dict[str, Document]:
    """The properties of every resource of one type, by logical id."""
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


def _with_globals(own: Document) -> Document:
    common: Document = TEMPLATE["Globals"]["Function"]
    variables = common["Environment"]["Variables"] | own.get("Environment", {}).get("Variables", {})
    return common | own | {"Environment": {"Variables": variables}}


FUNCTIONS = {name: _with_globals(own) for name, own in of_type("AWS::Serverless::Function").items()}


def listed(value: Any) -> list[Any]:
    """IAM lets one thing stand for a list of one."""
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """What a reference says, in one line: `${Table.Arn}/index/due`, `${Bucket}`, or the text itself."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": str(pattern)}:
            return pattern
        case {"Fn::If": [condition, then, otherwise]}:
            return f"{condition} ? {text(then)} : {text(otherwise)}"
        case _:
            return str(value)


def walk(value: Any) -> Iterator[Any]:
    """Everything inside, itself included."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from walk(child)


WITH_A_ROLE = FUNCTIONS | of_type("AWS::Serverless::StateMachine")
STATEMENTS: list[tuple[str, Document]] = [
    (owner, statement)
    for owner, properties in WITH_A_ROLE.items()
    for policy in properties.get("Policies", [])
    for statement in policy["Statement"]
]


def routes() -> dict[str, list[str]]:
    """Route keys of the API, each with the functions that answer it."""
    found: dict[str, list[str]] = {}
    for name, function in FUNCTIONS.items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event["Properties"]
                key = f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default"
                found.setdefault(key, []).append(name)
    return found
