"""Values that are no attenuation are told by image type and description, and plain series are not taken for them."""

from __future__ import annotations

import pytest
from dicom_files import write_series

from ho_detect.acquisition.headers.kinds import is_monoenergetic, no_attenuation
from ho_detect.acquisition.series.index import index_series
from ho_detect.settings import AcquisitionSettings

DERIVED = ("DERIVED", "PRIMARY", "AXIAL")


@pytest.mark.parametrize(
    "value",
    [
        "CT_SOM5 MIP",
        "VNCA",
        "CT_SOM7 SPP VNC",
        "MD_IODINE",
        "RHO",
        "ZEFF",
        "MAX_IP",
        "RHO/Z",
        "VOLUME_RENDER",
        "CT_SOM5 VRT",
        "MAXIMUM",
        "MINIMUM IP",
        "SUBTRACTION",
        "MAT_REMOVED",
        "EFF_ATOMIC_NUM",
    ],
)
def test_words_in_a_value_of_the_image_type(tmp_path, value):
    def edit(k, ds):
        ds.ImageType = [*DERIVED, value]

    write_series(tmp_path, edit=edit)
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    assert (entry.reason, entry.is_failure) == ("derived_object", False)
    assert value in entry.detail


@pytest.mark.parametrize(
    "said",
    [
        "Hips MIP 10/2",
        "Becken VNCa",
        "Virtual Non-Contrast",
        "Iodine map 1.0",
        "Z_eff 2.0",
        "Electron Density",
        "Rho 1.5",
        "Calcium Suppression 50",
        "MD Water(Iodine)",
        "PBV",
        "PureCalcium 2.0",
        "Bone removed",
        "Water",
        "Calcium (Water)",
        "Virtuell nativ",
        "Jodkarte",
        "ohne Knochen",
        "Effektive Ordnungszahl",
        "Sans contraste virtuel",
        "Carte d'iode",
        "Virtual sin contraste",
        "Mapa de yodo",
        "Virtuale senza contrasto",
        "Virtueel blanco",
    ],
)
def test_words_of_a_description(tmp_path, said):
    def edit(k, ds):
        ds.SeriesDescription = said

    write_series(tmp_path, edit=edit)
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    assert entry.reason == "derived_object"


@pytest.mark.parametrize(
    "said",
    [
        "thin for MIP",
        "Pelvis iodine contrast",
        "shipment",
        "axial bone 1.0",
        "HAP portal",
        "VNCX",
        "monophasic",
        "Rhode",
        "Becken 2.0 B60f",
        "source MIP",
        "Hips gout follow-up",
        "Calcium scoring",
        "Becken nativ",
        "sin contraste",
        "sans contraste",
        "Fat arm left",
        "Knochen 1.0",
        "Knochenmark",
    ],
)
def test_plain_descriptions_are_left_alone(said):
    assert no_attenuation(("ORIGINAL", "PRIMARY", "AXIAL"), said) == ""
    assert not is_monoenergetic(("ORIGINAL", "PRIMARY", "AXIAL"), said)


@pytest.mark.parametrize("said", ["MonoE 70 keV", "Mono+ 40keV", "Monoenergetic 55", "VMI 60"])
def test_energies(said):
    assert is_monoenergetic((), said)
    assert no_attenuation((), said) == ""
