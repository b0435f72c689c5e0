"""Reads template.yaml as CloudFormation would, as far as the local stack needs it, so that nothing is written twice."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REGION, ACCOUNT, STACK = "us-east-1", "123456789012", "lumeo-local"

_PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_ARNS = {
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Serverless::StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::S3::Bucket": "s3:::{name}",
}


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short tags, which become their long forms."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the HTTP API, and the function behind it. `key` is API Gateway's: `GET /v1/predictions/{id}`."""

    key: str
    function: str


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its logical id, the module of its handler, and its settings."""

    name: str
    module: str
    timeout: int
    memory: int
    environment: Mapping[str, str]


class Template:
    """The template with its parameters filled in. What it names gets a name and an ARN as AWS would give it one."""

    def __init__(self, path: Path, parameters: Mapping[str, Any] | None = None) -> None:
        self.path = path
        # S506: the loader is a SafeLoader.
        self._body: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506
        self._found: dict[str, dict[str, dict[str, Any]]] = {}
        defaults = {name: spec.get("Default", "") for name, spec in self._body["Parameters"].items()}
        self._parameters = {**defaults, **(parameters or {})}

    def source(self) -> dict[str, Any]:
        """All of it as it is written, in the long forms of its functions."""
        return copy.deepcopy(self._body)

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, resolved, by logical id: once, so they are to be read only."""
        if kind not in self._found:
            self._found[kind] = {
                name: self._resolve(resource.get("Properties", {}))
                for name, resource in self._body["Resources"].items()
                if resource["Type"] == kind
            }
        return self._found[kind]

    def functions(self) -> dict[str, Function]:
        common = self._resolve(self._body["Globals"]["Function"])
        return {name: self._function(name, own, common) for name, own in self._own("AWS::Serverless::Function")}

    def routes(self) -> tuple[Route, ...]:
        found = []
        for name, own in self._own("AWS::Serverless::Function"):
            for event in own.get("Events", {}).values():
                if event["Type"] == "HttpApi":
                    spec = event.get("Properties", {})
                    named = "Path" in spec and spec["Path"] != "$default"
                    found.append(Route(f"{spec['Method'].upper()} {spec['Path']}" if named else "$default", name))
        return tuple(found)

    def schedules(self) -> dict[str, int]:
        """Functions that are started by the clock, and every how many seconds."""
        units = {"minute": 60, "hour": 3600, "day": 86_400}
        found = {}
        for name, own in self._own("AWS::Serverless::Function"):
            for event in own.get("Events", {}).values():
                if event["Type"] in {"Schedule", "ScheduleV2"}:
                    spec = event["Properties"].get("Schedule") or event["Properties"].get("ScheduleExpression")
                    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", spec)
                    if rate is None:
                        raise ValueError(f"{name}: only rate(…) runs locally, not {spec}")
                    found[name] = int(rate[1]) * units[rate[2]]
        return found

    def rules(self) -> dict[str, dict[str, Any]]:
        """Functions that are started by events, and the pattern of those that they take."""
        return {
            name: event["Properties"]["Pattern"]
            for name, own in self._own("AWS::Serverless::Function")
            for event in own.get("Events", {}).values()
            if event["Type"] == "EventBridgeRule"
        }

    def definition(self) -> str:
        """The state machine's definition as text, substitutions filled in."""
        ((_, machine),) = self._own("AWS::Serverless::StateMachine")
        text: str = (self.path.parent / machine["DefinitionUri"]).read_text()
        for name, value in machine["DefinitionSubstitutions"].items():
            text = text.replace(f"${{{name}}}", str(value))
        return text

    def name(self, logical_id: str) -> str:
        """The physical name of a resource."""
        resource = self._body["Resources"][logical_id]
        if resource["Type"] == "AWS::S3::Bucket":
            return f"{STACK}-{logical_id}".lower()
        return logical_id if resource["Type"] == "AWS::Serverless::Function" else f"{STACK}-{logical_id}"

    def arn(self, logical_id: str) -> str:
        form = _ARNS.get(self._body["Resources"][logical_id]["Type"], "local:{region}:{account}:{name}")
        return "arn:aws:" + form.format(region=REGION, account=ACCOUNT, name=self.name(logical_id))

    def _own(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from self.resources(kind).items()

    def _function(self, name: str, own: Mapping[str, Any], common: Mapping[str, Any]) -> Function:
        module, _, _ = (own.get("Handler") or common["Handler"]).partition(".")
        variables = {
            **common.get("Environment", {}).get("Variables", {}),
            **own.get("Environment", {}).get("Variables", {}),
        }
        folder = ".".join(Path(own["CodeUri"]).parts)
        return Function(
            name,
            f"{folder}.{module}",
            int(own.get("Timeout") or common["Timeout"]),
            int(own.get("MemorySize") or common["MemorySize"]),
            {key: str(value) for key, value in variables.items()},
        )

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((word, argument),) = value.items()
            if word == "Ref" or word.startswith("Fn::"):
                return self._intrinsic(word, argument)
        resolved = {key: self._resolve(inner) for key, inner in value.items()}
        return {key: inner for key, inner in resolved.items() if inner is not None}

    def _intrinsic(self, word: str, argument: Any) -> Any:
        match word:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                return self._attribute(*argument)
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::If":
                condition, then, otherwise = argument
                return self._resolve(then if self._holds({"Condition": condition}) else otherwise)
        raise ValueError(f"the local stack does not know {word}: teach it in local/template.py")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return None
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        kind = self._body["Resources"].get(name, {}).get("Type", "")
        return self.arn(name) if kind == "AWS::Serverless::StateMachine" else self._named(name)

    def _named(self, logical_id: str) -> str:
        # Resources that SAM makes by itself, such as a function's role, are not in the template.
        return self.name(logical_id) if logical_id in self._body["Resources"] else logical_id

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if attribute == "Arn" and logical_id in self._body["Resources"]:
            return self.arn(logical_id)
        return self._named(logical_id) if attribute == "Name" else f"{logical_id}.{attribute}"

    def _sub(self, argument: Any) -> str:
        text, extra = (argument, {}) if isinstance(argument, str) else argument

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in extra:
                return str(self._resolve(extra[name]))
            return str(self._attribute(*name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", fill, text)

    def _holds(self, condition: Any) -> bool:
        ((word, argument),) = condition.items()
        match word:
            case "Condition":
                return self._holds(self._body["Conditions"][argument])
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::And":
                return all(map(self._holds, argument))
            case "Fn::Equals":
                one, other = map(self._resolve, argument)
                return str(one) == str(other)
        raise ValueError(f"the local stack does not know {word}: teach it in local/template.py")
