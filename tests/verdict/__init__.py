"""The judge, tested without sockets."""
