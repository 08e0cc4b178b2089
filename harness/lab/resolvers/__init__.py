"""Real resolvers for the lab, and what a product needs that resolves by itself.

software   which resolvers there are, and what a recipe for one says
unbound, bind, knot, powerdns   one recipe each
real       a resolver in a cell of its own
probe      whether a resolver validates
relay      passes the targets' questions on to it, and takes them down
files      root hints and trust anchor in the forms that products want
"""
