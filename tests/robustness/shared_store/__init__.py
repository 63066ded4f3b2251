"""Failovers and partitions of a Sentinel group and of a cluster, as a shared store meets them."""
