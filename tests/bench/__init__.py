"""`python -m tests.bench`: how fast danelab is, as ratios to other programs measured in the same run."""
