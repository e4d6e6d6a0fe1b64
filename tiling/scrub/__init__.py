"""From a scanner's file to a clean one: plan what becomes of each place, write the new file, prove it."""
