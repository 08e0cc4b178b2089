"""What has to run along with chosen scenarios so that something can be concluded from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.scenario.models import Importance, Scenario

from .profile import Profile
from .sends import zone_of


def companions(chosen: Iterable[str], scenarios: Mapping[str, Scenario], profile: Profile) -> tuple[str, ...]:
    """Ids of further scenarios to run: the twins of the chosen ones, their twins, and so on.

    Where none of all these has to be delivered in the profile's mode, a control is added, so that a target that
    withholds everything does not pass: the first critical scenario that has to be delivered.
    Ids that `scenarios` does not hold are passed over.
    """
    wanted = dict.fromkeys(key for key in chosen if key in scenarios)
    found: dict[str, None] = {}
    for key in wanted:
        twin = scenarios[key].twin
        while twin and twin in scenarios and twin not in found:
            found[twin] = None
            twin = scenarios[twin].twin
    if not any(_goes(scenarios[key], profile) for key in (*wanted, *found)):
        controls = [key for key, each in scenarios.items() if _goes(each, profile) and not each.needs]
        controls.sort(key=lambda key: scenarios[key].importance is not Importance.CRITICAL)
        found |= dict.fromkeys(controls[:1])
    return tuple(key for key in found if key not in wanted)


def _goes(scenario: Scenario, profile: Profile) -> bool:
    """Whether every permitted outcome is a delivery."""
    towards = profile.towards(scenario.route.modes.get(zone_of(scenario.recipient)))
    return all(outcome.is_delivery for outcome in towards.permitted(scenario.expect).outcomes)
