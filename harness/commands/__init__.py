"""The commands, one file each. `harness/cli.py` lists them."""
