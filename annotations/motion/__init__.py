"""How shapes move from one key frame to the next, one idea a file. The rule is docs/interpolation.md."""
