"""Proof of the suite: every mutant of the built-in sender is let loose in it, and has to be caught.

trial     one mutant in the scenarios that ought to catch it, or in all      fates    what came of it
rounds    all of them, several at a time                                     table    told to people
hunting   random worlds instead of scenarios
"""
