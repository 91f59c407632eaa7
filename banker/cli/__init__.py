"""The `flask banker` commands, one module a command."""
