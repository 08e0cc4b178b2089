"""Who resolves for the targets, and what a product needs that resolves by itself.

    async with resolver_for(ResolverSoftware.UNBOUND, internet=..., recorder=..., scratch=..., prefix=...) as resolver:
        ...  # resolver.respond is a Responder of `dns_server`; after a change: await resolver.forget([zone])

chosen     the resolver that was chosen, whichever it is: the way in
software   which resolvers there are, and what a recipe for one says
unbound, bind, knot, powerdns   one recipe each
real       a resolver in a cell of its own
probe      whether a resolver validates
relay      passes the targets' questions on to it, and takes them down
pulse      keeps it from giving up a server that all worlds share
refusing   turns them away, where the product is to resolve by itself
noting     what the journal is told of a question
files      root hints and trust anchor in the forms that products want
"""

from .chosen import ChosenResolver, departures_of, packages_of, resolver_for
from .software import ResolverSoftware

__all__ = ["ChosenResolver", "ResolverSoftware", "departures_of", "packages_of", "resolver_for"]
