"""Two studies of one patient compared: native bone registered, lesions matched, change measured."""
