"""The door to authorization servers: who may vouch for a token, and how they are asked."""
