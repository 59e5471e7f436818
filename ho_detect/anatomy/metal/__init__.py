"""Metal: where it is, what implants it belongs to, and how far its artefact hides what lies around it."""
