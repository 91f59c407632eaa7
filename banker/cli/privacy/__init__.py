"""Commands for the rights of a user (GDPR articles 15, 17 and 20) and for retention."""
