"""How much sound a file holds by its own frames, pages and chunks, whatever its header promises.

libsndfile reads up to the length that a header gives or that it estimates. An MP3 of variable bit rate without a
header may be estimated at a fifth of its length; of two files one after the other in one it reads the first; a size
that was never filled in, since the recorder lost its power, is no sound at all. Each is found here, without decoding.
"""
