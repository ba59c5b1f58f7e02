"""Panels to press rather than to type, and the whole path in one; what they run is plain Python beside them."""
