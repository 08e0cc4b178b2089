"""The run: planning, targets at work in a real lab, and `danelab run` as people meet it."""
