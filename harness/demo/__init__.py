"""The story for a class: one man in the middle, a sender without DANE and one with it.

scenes        which scenarios are played, and what is said of them before anything has happened
performance   both senders let loose in them, for real
gains         what the attacker got, read from the journal
narration     that in plain words
picture       the network, drawn
stage         all of it on a terminal, step by step
"""
