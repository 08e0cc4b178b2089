"""What the models say about themselves: the docstring of each enum member and of each key."""

from __future__ import annotations

import ast
import inspect
import textwrap
from enum import StrEnum
from functools import cache
from itertools import pairwise


@cache
def member_docs(enum: type[StrEnum]) -> dict[str, str]:
    """The docstring of each member, by the member's value; a member without one is left out."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(enum)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs: dict[str, str] = {}
    for statement, following in pairwise(body):
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            docs[enum[statement.targets[0].id].value] = inspect.cleandoc(str(following.value.value))
    return docs
