"""Outlined lesions to measures."""
