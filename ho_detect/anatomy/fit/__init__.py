"""HU volume to femur, hip bone and femoral head: search and fit of a shape model."""
