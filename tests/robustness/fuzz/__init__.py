"""Any bytes at every door: what comes out is an identity, a rejection or an outage."""
