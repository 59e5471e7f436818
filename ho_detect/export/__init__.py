"""Results to files: tables, label maps, FHIR, DICOM, pictures, pages."""
