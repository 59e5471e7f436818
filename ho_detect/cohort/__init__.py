"""Many series: one child process for each, rows and tables of what came of them."""
