"""The life of keys under load: a real issuer behind a socket, thousands of requests in process."""
