"""A made-up slide that looks like liver with a metastasis in it, for people to try Slidereel with.

Everything is drawn from noise, geometry and the Beer–Lambert law; nothing comes from a person. In order::

    noise → anatomy (where what is) → cells (one row a nucleus) → paint (a band of pixels) → svs (the file)
"""
