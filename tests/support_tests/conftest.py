"""The fixtures for the programs, for the tests in this folder."""

from tests.support.fixtures import comparison_programs, delv_program, in_namespace, unbound_program

__all__ = ["comparison_programs", "delv_program", "in_namespace", "unbound_program"]
