"""HU volume to body, bone, muscle and the two hip joints."""
