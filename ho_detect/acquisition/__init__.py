"""Folders of DICOM files to HU volumes in patient coordinates."""
