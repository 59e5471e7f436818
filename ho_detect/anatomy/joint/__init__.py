"""The joint itself: space, head and neck."""
