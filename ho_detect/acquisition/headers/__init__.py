"""DICOM files to what their headers say."""
