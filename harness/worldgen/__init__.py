"""Worlds that nobody has written: a full cross of the main circumstances, and random ones, judged by the oracle.

matrix      the cross                                   twists      what may be different in a random world
entries     tables to scenarios, with expectations      bench       a lab and a target that are kept for many worlds
toml        scenarios as files                          hunt        random worlds, and the smallest that disagrees
sequels     what comes after the first message          steps       a world's messages as steps of a scenario
"""
