"""Metrics, audit lines and health probes; each module names the extra that it needs."""
