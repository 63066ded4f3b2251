"""Routes with introspect=True, over HTTP and WebSocket."""
