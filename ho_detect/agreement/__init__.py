"""How well results agree with manual masks, or two readers with each other."""
