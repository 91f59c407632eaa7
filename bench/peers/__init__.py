"""Other systems that do the same job on the same aiortc, under the same conversation cycle: `make bench-peers`."""
