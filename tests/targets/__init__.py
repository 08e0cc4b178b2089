"""Targets by themselves, without a lab."""
