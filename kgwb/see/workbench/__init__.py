"""Panels to press rather than to type: training, injection, ranking, and the whole path; what they run is plain Python beside them."""
