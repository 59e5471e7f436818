"""A reader's word on a result: what is counted, or how it is outlined; the automatic result stays beside it."""
