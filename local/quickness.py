"""Where moto does the same work over and over, which a thousand runs at once would mostly wait for.

As with strictness.py, the patches are for good, and one whose target is gone after an upgrade of moto fails in `apply`.
"""

import copy
import functools
import threading
from contextvars import ContextVar
from typing import Any

from botocore import useragent
from moto.core import responses
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import ast_nodes, expressions
from moto.settings import moto_server_port
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client, json_path
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

_in_transaction: ContextVar[frozenset[str] | None] = ContextVar("in_transaction", default=None)
"""Names of the items that the transaction under way may change."""
_making = threading.Lock()
_clients: dict[tuple[str, str, str], Any] = {}
_transact = DynamoDBBackend.transact_write_items
_serialize = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001 (there is no other way in)


@functools.cache
def apply() -> None:
    """Put the patches in place. A second call changes nothing."""
    requests()
    for caller in (lambda_eval_utils, state_task_service_aws_sdk):
        _replace(caller, "boto_client_for", _client)
    _replace(DynamoDBBackend, "transact_write_items", _transaction)
    _replace(ExecutionWorker, "_get_evaluation_entrypoint", _program)
    _replace(json_path, "parse", functools.cache(_attribute(json_path, "parse")))
    # It has none: by default all is copied.
    Table.__deepcopy__ = _copy_of_table  # type: ignore[attr-defined]


@functools.cache
def requests() -> None:
    """Put those in place that spare each request: what follows from the code, or from an expression, is found once.

    DynamoDB's values are taken as what they say they are: moto looks into each for all ten kinds, by several spellings.
    """
    _replace(BaseJSONSerializer, "_serialize_type_structure", _value)
    _replace(responses, "method_names_from_class", functools.cache(_attribute(responses, "method_names_from_class")))
    # Whoever changes an expression copies it first.
    parser = _attribute(expressions, "UpdateExpressionParser")
    _replace(parser, "make", functools.lru_cache(maxsize=1024)(parser.make))
    _replace(_attribute(ast_nodes, "DepthFirstTraverser"), "traverse", _traverse)
    _attribute(ast_nodes, "Node").__deepcopy__ = _copy_of_node
    clean = "sanitize_user_agent_string_component"
    _replace(useragent, clean, functools.cache(_attribute(useragent, clean)))


def _replace(owner: Any, name: str, ours: Any) -> None:
    setattr(owner, name, functools.wraps(_attribute(owner, name))(ours))


def _attribute(owner: Any, name: str) -> Any:
    return getattr(owner, name)


def _value(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or not isinstance(value, dict) or len(value) != 1 or not key:
        _serialize(self, serialized, value, shape, key)
        return
    ((kind, inner),) = value.items()
    wrapper = self.MAP_TYPE()
    self._serialize(wrapper, inner, shape.members[kind], kind)
    self._default_serialize(serialized, wrapper, shape, key)


def _traverse(self: Any, root: Any) -> Any:
    """Let a traverser of expressions process nodes, leaves first. Moto asks it for each node which ones those are."""
    processed, kind = tuple(self._processing_map().items()), _attribute(ast_nodes, "Node")

    def reach(node: Any, place: int) -> Any:
        if not isinstance(node, kind):
            return node
        parent = node.parent
        for n, child in enumerate(node.children or ()):
            self.pre_processing_of_child(node, n)
            reach(child, n)
        for wanted, process in processed:
            if isinstance(node, wanted):
                node = process(node)
                node.parent = parent
                if parent:
                    parent.children[place] = node
                break
        return node

    return reach(root, -1)


def _copy_of_node(self: Any, memo: dict[int, Any]) -> Any:
    """By default each of its parts is asked how it is copied."""
    made = self.__class__.__new__(self.__class__)
    memo[id(self)] = made
    made.__dict__.update(self.__dict__)
    made.parent = copy.deepcopy(self.parent, memo)
    if self.children is not None:
        made.children = [child if type(child) is str else copy.deepcopy(child, memo) for child in self.children]
    return made


def _client(region: str, service: str, state_credentials: Any = None) -> Any:
    """One client for all tasks: moto makes one for each, from megabytes of botocore's descriptions."""
    name = (region, service, moto_server_port())
    with _making:
        if name not in _clients:
            _clients[name] = boto_client.boto_client_for(region, service, state_credentials)
        return _clients[name]


def _program(self: Any) -> Any:
    """What a definition says is read once: moto parses it anew for each execution."""
    return copy.deepcopy(_parsed(self._evaluation_details.state_machine_details.definition))


@functools.lru_cache(maxsize=64)
def _parsed(definition: str) -> Any:
    return AmazonStateLanguageParser.parse(definition)[0]


def _transaction(self: Any, transact_items: list[dict[str, Any]]) -> None:
    """A transaction copies what it may change, to be able to take it back: moto copies the whole table."""
    operations = [operation for item in transact_items for operation in item.values()]
    keys = [operation.get("Key") or operation["Item"] for operation in operations]
    before = _in_transaction.set(frozenset(key["pk"]["S"] for key in keys if "pk" in key))
    try:
        _transact(self, transact_items)
    finally:
        _in_transaction.reset(before)


def _copy_of_table(self: Any, memo: dict[int, Any]) -> Any:
    named = _in_transaction.get()
    made = self.__class__.__new__(self.__class__)
    memo[id(self)] = made
    if named is None or self.hash_key_attr != "pk" or self.has_range_key:
        made.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return made
    made.__dict__.update(self.__dict__)
    made.items = self.items.copy()
    made.items.update({key: copy.deepcopy(item, memo) for key, item in self.items.items() if key.value in named})
    return made
