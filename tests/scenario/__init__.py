"""The scenario language, tested without sockets."""
