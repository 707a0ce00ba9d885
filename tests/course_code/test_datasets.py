"""make_pets and load_image_folder: what they return, and what they refuse."""

import hashlib
import re
import shutil
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression

from course_code.datasets import load_image_folder, make_pets
from course_code.network import MLP
from course_code.training import accuracy, fit

# ---------------------------------------------------------------- make_pets


@pytest.mark.parametrize(("n", "cats"), [(1, 1), (2, 1), (7, 4), (20, 10)])
def test_shapes_types_and_balance(n, cats):
    X, y = make_pets(n, size=20, rng=np.random.default_rng(0))
    assert X.shape == (n, 20 * 20 * 3)
    assert X.dtype == np.float64
    assert y.shape == (n,)
    assert y.dtype == np.int64
    assert y.sum() == cats
    assert set(y) <= {0, 1}
    np.testing.assert_array_equal(X, np.clip(np.rint(X), 0, 255))


@pytest.fixture(scope="module")
def hundred():
    """The default: the second document's number and size of pictures."""
    return make_pets(rng=np.random.default_rng(0))


def test_defaults_are_the_documents_data(hundred):
    X, y = hundred
    assert X.shape == (100, 67_500)
    assert y.sum() == 50


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, labels = make_pets(6, size=24, rng=np.random.default_rng(3))
    again, labels_again = make_pets(6, size=24, rng=np.random.default_rng(3))
    other, _ = make_pets(6, size=24, rng=np.random.default_rng(4))
    assert first.tobytes() == again.tobytes()
    assert labels.tobytes() == labels_again.tobytes()
    assert (first != other).mean() > 0.5


def test_the_bytes_are_those_of_every_platform():
    X, y = make_pets(8, size=32, rng=np.random.default_rng(0))
    digest = hashlib.sha256(X.astype(np.uint8).tobytes() + y.astype(np.uint8).tobytes())
    assert digest.hexdigest() == "f0afad6df71a0671675541c09c5120d8c31ae0aeb32204e495ab44b21ecc3ead"


def test_no_global_random_state_is_read_or_changed():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_pets(2, size=16, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_order_is_shuffled():
    rng = np.random.default_rng(0)
    orders = {tuple(make_pets(12, size=16, rng=rng)[1]) for _ in range(8)}
    assert len(orders) == 8


@pytest.mark.parametrize("rng", [None, 0, np.random.RandomState(0)])
def test_rng_must_be_a_generator(rng):
    with pytest.raises(TypeError, match="rng must be"):
        make_pets(2, size=16, rng=rng)


@settings(max_examples=40, deadline=None)
@given(
    bad=st.integers(max_value=0)
    | st.floats()
    | st.text(max_size=3)
    | st.none()
    | st.booleans()
    | st.tuples(st.integers(1, 20)),
    name=st.sampled_from(["n_samples", "size"]),
)
def test_bad_numbers_are_refused_by_name_before_any_drawing(bad, name):
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    with pytest.raises((TypeError, ValueError), match=f"{name} must be"):
        make_pets(**({"n_samples": 2, "size": 16} | {name: bad}), rng=rng)
    assert rng.bit_generator.state == state


def test_the_smallest_size():
    make_pets(2, size=16, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="size must be at least 16; got 15"):
        make_pets(2, size=15, rng=np.random.default_rng(0))


# ------------------------------------------- the task is honest: no shortcut, but it can be learned


@pytest.fixture(scope="module")
def many():
    """A training and a held-out half of 600 small pictures each."""
    X, y = make_pets(1200, size=24, rng=np.random.default_rng(7))
    return X[:600], y[:600], X[600:], y[600:]


def held_out_accuracy_of_the_best_pixel(X, y, X_test, y_test):
    """Choose pixel, threshold and side on (X, y); return how well they do on the test half."""
    order = np.argsort(X, axis=0, kind="stable")
    values = np.take_along_axis(X, order, axis=0)
    ones_below = np.cumsum(y[order], axis=0)
    below = np.arange(1, len(y) + 1)[:, None]
    correct = (below - ones_below) + (y.sum() - ones_below)  # a cat if above the threshold
    cut_possible = np.vstack([values[1:] > values[:-1], np.zeros((1, X.shape[1]), bool)])
    gain = np.where(cut_possible, abs(correct - len(y) / 2), -1)
    row, pixel = np.unravel_index(gain.argmax(), gain.shape)
    above = X_test[:, pixel] > (values[row, pixel] + values[row + 1, pixel]) / 2
    cat_if_above = correct[row, pixel] > len(y) / 2
    return np.mean((above == cat_if_above) == y_test)


def test_no_single_pixel_solves_the_task(many):
    # A pixel right 60 times in 100 gives at most 0.60 + 5 sqrt(0.6 * 0.4 / 600) = 0.70.
    assert held_out_accuracy_of_the_best_pixel(*many) < 0.70


def test_a_pixel_that_holds_the_label_would_be_found(many):
    X, y, X_test, y_test = (half.copy() for half in many)
    X[:, 100], X_test[:, 100] = 128 + 20 * y, 128 + 20 * y_test
    assert held_out_accuracy_of_the_best_pixel(X, y, X_test, y_test) == 1.0


def test_the_mean_colour_does_not_separate_the_classes(many):
    colour, y, colour_test, y_test = (
        half.reshape(600, -1, 3).mean(axis=1) / 255 if half.ndim == 2 else half for half in many
    )
    difference = colour[y == 1].mean(axis=0) - colour[y == 0].mean(axis=0)
    standard_error = colour.std(axis=0) * np.sqrt(4 / 600)
    assert (abs(difference) < 5 * standard_error).all()
    # Chance is 0.5, and five standard errors of 600 tosses are 0.10.
    assert LogisticRegression(C=100).fit(colour, y).score(colour_test, y_test) < 0.60


def test_a_linear_model_of_all_pixels_learns_it(many):
    X, y, X_test, y_test = many
    model = LogisticRegression(C=1e-3, max_iter=500).fit(X / 255, y)
    # Chance is 0.5, and five standard errors of 600 tosses are 0.10.
    assert model.score(X / 255, y) > 0.70
    assert model.score(X_test / 255, y_test) > 0.60


def test_backgrounds_and_coats_do_not_tell_the_class(many):
    # The mean colour of the corners, where an animal hardly ever is, is the same for both.
    X, y, _, _ = many
    corners = X.reshape(600, 24, 24, 3)[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    difference = corners[y == 1].mean(axis=0) - corners[y == 0].mean(axis=0)
    assert (abs(difference) < 5 * corners.std(axis=0) * np.sqrt(4 / 600)).all()
    assert corners.std(axis=0).min() > 20


@pytest.mark.parametrize("initializer", ["he_normal", "glorot_normal"])
def test_the_documents_network_learns_the_drawn_pictures(hundred, initializer):
    X, y = hundred
    reached = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        network = MLP([67_500, 5, 5, 1], initializer=initializer, rng=rng)
        fit(network, X / 255, y, learning_rate=0.01, epochs=1000)
        reached.append(accuracy(network, X / 255, y))
    assert np.median(reached) >= 0.95


# ---------------------------------------------------------------- load_image_folder


def noise(seed, height=150, width=150, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two cats and two dogs of 150 x 150 pixels."""
    for i, name in enumerate(["dog.0.jpg", "cat.1.jpg", "dog.10.jpg", "cat.0.jpg"]):
        Image.fromarray(noise(i)).save(tmp_path / name)
    return tmp_path


def test_rows_labels_and_names(folder):
    X, y, files = load_image_folder(folder)
    assert files == ["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.10.jpg"]
    assert y.tolist() == [1, 1, 0, 0]
    assert y.dtype == np.int64
    assert X.shape == (4, 67_500)
    assert X.dtype == np.float64
    assert X.max() > 200  # in 0 to 255, not in 0 to 1


def test_a_picture_of_the_right_size_is_exactly_what_was_decoded(folder):
    X, _, files = load_image_folder(str(folder))
    for row, name in zip(X, files, strict=True):
        with Image.open(folder / name) as image:
            np.testing.assert_array_equal(row.reshape(150, 150, 3), np.asarray(image))


def test_height_comes_before_width_and_rows_before_channels(tmp_path):
    pixels = noise(0, height=12, width=20)
    for name in ("cat.0.png", "dog.0.png"):
        Image.fromarray(pixels).save(tmp_path / name)
    X, _, _ = load_image_folder(tmp_path, size=(12, 20))
    np.testing.assert_array_equal(X[0], pixels.ravel())
    assert load_image_folder(tmp_path, size=np.array([5, 9]))[0].shape == (2, 5 * 9 * 3)


def test_other_sizes_are_resized_with_averaging(tmp_path):
    stripes = np.zeros((300, 600, 3), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "cat.wide.png")
    Image.new("RGB", (3, 2), (10, 20, 30)).save(tmp_path / "dog.tiny.png")
    X, _, _ = load_image_folder(tmp_path)
    assert abs(X[0] - 127.5).max() < 15  # picking single pixels would give 0 or 255
    np.testing.assert_array_equal(X[1].reshape(-1, 3), np.tile([10, 20, 30], (22_500, 1)))


def test_resizing_keeps_height_and_width_apart(tmp_path):
    halves = np.zeros((40, 80, 3), np.uint8)
    halves[:, 40:] = 200  # the right half is light
    for name in ("cat.0.png", "dog.0.png"):
        Image.fromarray(halves).save(tmp_path / name)
    picture = load_image_folder(tmp_path, size=(30, 20))[0][0].reshape(30, 20, 3)
    assert (picture[:, :8] == 0).all()
    assert (picture[:, -8:] == 200).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),
        ("LA", (50, 0), (255, 255, 255)),
        ("P", 0, (0, 0, 0)),
        ("I;16", 257 * 200, (200, 200, 200)),
    ],
)
def test_every_mode_becomes_rgb(tmp_path, mode, colour, expected):
    image = Image.new(mode, (20, 20), colour)
    if mode == "P":
        image.putpalette([0, 0, 0] * 256)
    image.save(tmp_path / "cat.0.png")
    Image.new("RGB", (20, 20)).save(tmp_path / "dog.0.png")
    X, _, _ = load_image_folder(tmp_path, size=(20, 20))
    np.testing.assert_array_equal(X[0].reshape(-1, 3), np.tile(expected, (400, 1)))


def test_cmyk_jpegs(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "cat.0.jpg")  # red
    Image.new("RGB", (16, 16)).save(tmp_path / "dog.0.jpg")
    X, _, _ = load_image_folder(tmp_path, size=(16, 16))
    assert abs(X[0].reshape(-1, 3) - [255, 0, 0]).max() < 10


def test_exif_orientation_is_honoured(tmp_path):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:, :16] = 255  # the left half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise to view"
    sideways = Image.fromarray(np.rot90(upright).copy())
    sideways.save(tmp_path / "cat.0.jpg", exif=exif, quality=95)
    Image.fromarray(upright).save(tmp_path / "dog.0.png")
    X, _, _ = load_image_folder(tmp_path, size=(16, 32))
    assert abs(X[0] - X[1]).max() < 20


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("CAT.7.JPG", 1),
        ("Cat.a.jpeg", 1),
        ("dog.1.PNG", 0),
        ("cat1.png", 1),
        ("dog_my own.png", 0),
        ("cat.dog.png", 1),
    ],
)
def test_names(folder, name, label):
    shutil.copy(folder / "cat.0.jpg", folder / name)  # Pillow goes by the content
    _, y, files = load_image_folder(folder)
    assert y[files.index(name)] == label
    assert files == sorted(files)


def test_hidden_files_are_passed_over(folder):
    for name in (".DS_Store", "._cat.0.jpg", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"not a picture")
    (folder / ".ipynb_checkpoints").mkdir()
    assert len(load_image_folder(folder)[2]) == 4


@pytest.mark.parametrize(
    "name", ["bird.0.jpg", "category.1.jpg", "dogma.png", "my cat.jpg", "cat.0.gif", "notes.txt"]
)
def test_a_file_that_is_neither_is_named(folder, name):
    shutil.copy(folder / "cat.0.jpg", folder / name)
    with pytest.raises(ValueError, match=re.escape(name)):
        load_image_folder(folder)


@given(
    stem=st.text(
        st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8
    ).filter(lambda text: not re.match("(cat|dog)($|[^a-z])", text, re.IGNORECASE))
)
@settings(max_examples=25, deadline=None)
def test_any_other_name_is_refused(tmp_path_factory, stem):
    place = tmp_path_factory.mktemp("names")
    (place / f"{stem}.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=re.escape(f"{stem}.jpg")):
        load_image_folder(place)


def test_a_folder_that_is_named_like_a_picture(folder):
    (folder / "cat.2.jpg").mkdir()
    with pytest.raises(ValueError, match=r"cat\.2\.jpg is not a file"):
        load_image_folder(folder)


def write_text(file):
    file.write_text("this is no picture")


def write_nothing(file):
    file.write_bytes(b"")


def write_half(file):
    Image.fromarray(noise(5)).save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def write_gif(file):
    Image.new("L", (9, 9)).save(file, format="GIF")


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_bomb(file):
    """A PNG of a few bytes that claims 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts))


@pytest.mark.parametrize("name", ["dog.bad.jpg", "cat.bad.png"])
@pytest.mark.parametrize("write", [write_text, write_nothing, write_half, write_gif, write_bomb])
def test_unreadable_pictures_are_named(folder, write, name):
    write(folder / name)
    with pytest.raises(ValueError, match=re.escape(name) + " cannot be read"):
        load_image_folder(folder)


def test_an_empty_folder_is_named(tmp_path):
    for _ in range(2):
        with pytest.raises(ValueError, match=re.escape(str(tmp_path))) as error:
            load_image_folder(tmp_path)
        assert "empty" in str(error.value)
        (tmp_path / ".DS_Store").write_bytes(b"")  # still empty


@pytest.mark.parametrize(("kept", "missing"), [("cat", "dog"), ("dog", "cat")])
def test_one_class_only_is_refused(folder, kept, missing):
    for file in folder.glob(f"{missing}*"):
        file.unlink()
    with pytest.raises(ValueError, match=f"only one class: 2 {kept} and no {missing}") as error:
        load_image_folder(folder)
    assert str(folder) in str(error.value)


def test_not_a_folder(folder):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_image_folder(folder / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"cat\.0\.jpg"):
        load_image_folder(folder / "cat.0.jpg")
    for path in (None, 3, [folder]):
        with pytest.raises(TypeError, match="path must be"):
            load_image_folder(path)


@pytest.mark.parametrize(
    "size",
    [150, None, "150", (150,), (1, 2, 3), (0, 5), (5, -1), (5.0, 5), (True, 5), ("5", 5), []],
)
def test_bad_sizes_are_refused_before_the_folder_is_read(size):
    with pytest.raises((TypeError, ValueError), match="size"):
        load_image_folder("/there/is/no/such/folder", size=size)
