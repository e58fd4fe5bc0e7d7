"""The grid's upstreams, a file each."""
