"""From a scanner's file to a canonical asset: taking in, converting, releasing.

Nothing is re-exported here, so that the converting process starts without loading the server.
"""
