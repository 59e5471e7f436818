"""One candidate to the parts it is made of, before anything is judged."""
