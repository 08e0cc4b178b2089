"""danelab's tests. Three rings: unit (no sockets), loopback (real servers, any user), validators (unbound and delv)."""
