"""The sample command says where the studies are."""


class TestSample:
    def test_says_where_the_studies_are(self, call, tmp_path, monkeypatch):
        # the generator has tests of its own and takes its time
        monkeypatch.setattr("ho_detect.simulation.write_samples", lambda out: [out / "one", out / "two"])
        status, out, _ = call("sample", tmp_path)
        assert status == 0
        assert [line.split()[0] for line in out.splitlines()] == [f"{tmp_path}/one", f"{tmp_path}/two"]

    def test_out_that_cannot_be_written(self, call, tmp_path, monkeypatch):
        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ho_detect.simulation.write_samples", full)
        status, out, err = call("sample", tmp_path)
        assert (status, out) == (2, "")
        assert "No space left on device" in err
