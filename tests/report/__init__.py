"""The reports, tested without sockets."""
