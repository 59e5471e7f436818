"""The machine and its files: processors, memory, parallel work, whole files, plain text, stand-ins."""
