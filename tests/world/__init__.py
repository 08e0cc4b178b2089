"""The world: names, records, keys, certificates, zones, proofs and faults. Nothing here opens a socket."""
