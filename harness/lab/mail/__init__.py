"""The mail hosts: SMTP and TLS with whatever manners a scenario asks for, and everything they see in the journal.

listener    one listener for all hosts      wire         one connection, its TLS, its end
polite      a well-behaved server           rude         one that is not
contexts    certificates and TLS manners    hello        what the ClientHello says
transcript  the events of one connection    ssl3         a ServerHello that nobody wants
"""

from .contexts import Contexts
from .listener import Directory, MailHosts

__all__ = ["Contexts", "Directory", "MailHosts"]
