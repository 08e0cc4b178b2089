"""Tests of worlds that nobody has written."""
