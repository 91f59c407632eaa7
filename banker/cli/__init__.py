"""The `flask banker` commands, one module per command."""
