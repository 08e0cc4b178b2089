"""The built-in sender: RFC 7672 told once more, by a sender that knows nothing of the lab."""
