"""What is written over a picture, and what of it is the examination itself: found in the samples alone."""
