"""Tests of the built-in sender."""
