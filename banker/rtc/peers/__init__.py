"""WebRTC connections: to customers, and to the colleagues of the bank who talk with them."""
