"""One file for each peer: `build()` sets it up as its documentation describes."""
