"""Mutants: the built-in sender with one rule broken on purpose each; the suite has to catch them.

model       what a mutant is                     registry    all of them
lookups ... one module for each theme            __main__    a mutant as a program, and the list of them
"""
