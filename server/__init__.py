"""The server: accounts, catalog, ingest, serving and the command line, on top of the three wings."""
