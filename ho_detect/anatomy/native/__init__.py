"""Fitted surfaces to native bone: distance, masks."""
