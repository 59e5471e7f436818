"""Pages for readers: a report for each study, and one page over all of them."""
