"""What a series states of its acquisition, from its files to one record."""

from dicom_files import write_series

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.series.stated import stated_acquisition
from ho_detect.settings import AcquisitionSettings


def stated(folder, edit):
    write_series(folder, edit=edit)
    (entry,) = index_series([folder], AcquisitionSettings())
    return stated_acquisition(entry)


def test_ctdivol_is_the_mean_over_the_images_that_state_it(tmp_path):
    said = stated(tmp_path, lambda k, ds: setattr(ds, "CTDIvol", 4.0 + k) if k < 3 else None)
    assert said["ctdivol_mgy"] == 5.0
    assert said["dlp_mgy_cm"] is None


def test_a_dlp_that_images_do_not_agree_on_is_not_said(tmp_path):
    def dlp(of_slice):
        def edit(k, ds):
            ds.private_block(0x00E1, "ELSCINT1", create=True).add_new(0x21, "DS", of_slice(k))

        return edit

    assert stated(tmp_path / "one", dlp(lambda k: "310.5"))["dlp_mgy_cm"] == 310.5
    assert stated(tmp_path / "two", dlp(lambda k: str(300 + k)))["dlp_mgy_cm"] is None


def test_what_a_person_has_typed_is_not_in_it(tmp_path):
    def edit(k, ds):
        ds.ContrastBolusAgent = "Omnipaque for Mrs Secret"
        ds.SeriesDescription = "venous Secret"

    said = stated(tmp_path, edit)
    assert (said["contrast_stated"], said["contrast_agent"], said["contrast_phase"]) == (True, "iohexol", "venous")
    assert "Secret" not in repr(said)
    assert (said["kvp"], said["kernel"], said["slice_thickness_mm"]) == (120.0, "B60", 2.5)
