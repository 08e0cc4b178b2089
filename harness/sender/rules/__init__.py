"""Every decision of the sender, each one small method of `Rules`.

The flow asks and never decides by itself, so a subclass that overrides one method breaks one rule.
A docstring names the RFC section and, as `7672-2.1.2-4`, the requirements of the catalogue.
"""

from __future__ import annotations

from harness.sender.rules.chain import ChainRules
from harness.sender.rules.host import HostRules
from harness.sender.rules.lookup import LookupRules
from harness.sender.rules.route import RouteRules
from harness.sender.rules.session import SessionRules
from harness.sender.rules.waiver import WaiverRules


class Rules(LookupRules, RouteRules, HostRules, ChainRules, SessionRules, WaiverRules):
    """The rules of a correct RFC 7672 sender."""


__all__ = ["Rules"]
