"""What a customer may want from a bank, as data, and the learned model that finds it in a sentence."""
