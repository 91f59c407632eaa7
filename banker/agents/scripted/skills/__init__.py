"""Skills (what customers may want from a bank) as data, and the learned model that recognises them."""
