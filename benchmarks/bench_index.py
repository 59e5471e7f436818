"""How fast and in how much memory headers are read: ``python benchmarks/bench_index.py [N_FILES ...]``.

Makes a tree of N uncompressed CT files (512 x 512, their pixels a hole in the file that takes no space on disk), in
studies of 250 slices, and indexes it in a fresh process with a warm cache, best of three (once for more than
10,000). Default: 2,000 and 100,000.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PER_SERIES = 250
#: The program whose time and peak memory are measured; its own imports are counted in the memory.
PROGRAM = """
import resource, sys, time
from pathlib import Path
from ho_detect.acquisition.series.index import index_files
from ho_detect.settings import AcquisitionSettings

start, cpu = time.perf_counter(), time.process_time()
found = index_files([Path(sys.argv[1])], AcquisitionSettings())
wall, cpu = time.perf_counter() - start, time.process_time() - cpu
usable = sum(e.analyse for e in found.series)
print(wall, cpu, found.looked_at.n_files, len(found.series), usable, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def make_tree(folder: Path, n_files: int) -> None:
    """Write headers as scanners do (about 60 elements, 3 kB), followed by half a megabyte of nothing."""
    import io

    import pydicom
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4.5.6.7.8.0000000.00000"
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3.4.5.6.7.0000000", "1.2.3.4.5.6.8.0000000"
    ds.FrameOfReferenceUID, ds.Modality, ds.ImageType = "1.2.3", "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PatientID, ds.BodyPartExamined, ds.ConvolutionKernel = "P", "PELVIS", "B60f"
    ds.Rows = ds.Columns = 512
    ds.SamplesPerPixel, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 1, 16, 12, 11, 0
    ds.PixelSpacing, ds.SliceThickness = ["0.75", "0.75"], "1.0"
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], ["-190.0", "-190.0", "00000.000"]
    ds.RescaleSlope, ds.RescaleIntercept, ds.InstanceNumber = "1", "-1024", "00000"
    for k in range(30):
        ds.add_new(0x00091000 + k, "LO", "private value of a maker, number " + str(k))
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "113014", "DCM", "Study"
    ds.ProcedureCodeSequence = [item]
    ds.add_new(0x7FE00010, "OW", b"")
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    n_bytes = 512 * 512 * 2
    template = buffer.getvalue()[:-4] + n_bytes.to_bytes(4, "little")
    for number in range(n_files):
        series, k = divmod(number, PER_SERIES)
        data = template.replace(b"8.0000000.00000", b"8.%07d.%05d" % (series, k))
        data = data.replace(b"7.0000000", b"7.%07d" % series).replace(b"8.0000000", b"8.%07d" % series)
        data = data.replace(b"00000.000", b"%05d.000" % k).replace(b"00000 ", b"%05d " % k)
        path = folder / f"{series:05d}" / f"{k:05d}"
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.truncate(len(data) + n_bytes)


def measure(n_files: int) -> None:
    """Print one row of figures."""
    with tempfile.TemporaryDirectory() as name:
        make_tree(Path(name), n_files)
        runs = []
        for _ in range(3 if n_files <= 10_000 else 1):
            done = subprocess.run([sys.executable, "-c", PROGRAM, name], capture_output=True, text=True, check=True)
            runs.append([float(v) for v in done.stdout.split()])
        wall, cpu, found, series, usable, peak_kb = min(runs)
        assert found == n_files, "not all files were found"
        assert usable == series, "a series is not usable"
        print(f"{n_files:8d} files  {n_files / wall:7.0f} files/s  {n_files / cpu:7.0f} files per s of CPU  "
              f"{series:5.0f} series  peak {peak_kb / 1000:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n_files", nargs="*", type=int, default=[2_000, 100_000])
    for n in parser.parse_args().n_files:
        measure(n)
