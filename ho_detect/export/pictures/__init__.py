"""Pictures of results, still and to page through."""
