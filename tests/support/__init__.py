"""What the tests lean on that is not danelab: other people's validators, servers and load generators."""
