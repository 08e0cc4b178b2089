"""The mail hosts: SMTP and TLS with whatever manners a scenario asks for, and everything they see in the journal.

listener    one listener for all hosts      wire         one connection, its TLS, its end
polite      a well-behaved server           rude         one that is not
transcript  the events of one connection    hello        what the ClientHello says
layer       TLS on a connection             side         what it asks of whoever speaks TLS
contexts    certificates and TLS manners    openssl      the side that Python's ssl plays
sides       who plays for which client      bare         a TLS of our own for the rest
division    where the line between them lies
"""

from .contexts import Contexts
from .listener import Directory, MailHosts

__all__ = ["Contexts", "Directory", "MailHosts"]
