"""Studies from an archive and results back to it, by DICOMweb."""
