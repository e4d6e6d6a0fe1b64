"""``slidereel release`` where there is nothing to release."""

from server.cli import main


def test_a_mistyped_data_folder_is_one_sentence_and_is_not_made(tmp_path, capsys):
    mistyped = tmp_path / "slidreel-data"
    code = main(["release", "a1", "--data", str(mistyped)])
    assert code == 1
    assert "say where it is with --data" in capsys.readouterr().err
    assert not mistyped.exists()


def test_an_asset_that_is_not_there_is_named_with_a_reference(database, settings, capsys):
    code = main(["release", "nowhere", "--data", str(settings.data)])
    assert code == 1
    error = capsys.readouterr().err
    assert error.startswith("slidereel: nowhere: ")
    assert "(reference " in error
