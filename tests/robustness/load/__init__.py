"""Key rotation and outages under load: an issuer behind a socket, thousands of requests."""
