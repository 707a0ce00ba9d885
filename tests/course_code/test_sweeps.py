"""Sweeps: a row depends on its point alone, wherever, whenever and beside whatever it is run."""

import functools
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from course_code import initializers, optimizers, sweeps, training
from course_code.network import MLP
from course_code.sweeps import running, tables

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)
VALIDATION = (rng.standard_normal((20, 3)), np.arange(20) % 2)
SETTINGS = {"width": 5, "learning_rate": 0.5, "epochs": 12, "validation_data": VALIDATION}

LARGE = ("large", functools.partial(initializers.random_normal, std=10.0))
POINTS = sweeps.grid(
    initializer=["he_normal", LARGE],
    activation=["tanh", "relu"],
    depth=[0, 2],
    scale=[0.5, 2.0],
    seed=range(3),
)


def run(points=POINTS, **settings) -> pd.DataFrame:
    return sweeps.run(points, X, Y, **(SETTINGS | settings))


def assert_equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    if "curve" in one:  # lists that hold NaN are equal as text
        one, other = (table.assign(curve=table["curve"].map(str)) for table in (one, other))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def assert_close(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Processes may have other numbers of BLAS threads, which add in another order."""
    pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-12, atol=0)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return run()


@pytest.fixture
def chunks_of_one(monkeypatch):
    monkeypatch.setattr(running, "CHUNK_BYTES", 1)


@pytest.fixture
def fits(monkeypatch):
    """The number of networks in each training of more than one step, as they happen."""
    sizes = []

    def counted(network, *data, original=training.fit, **options):
        if options["epochs"] > 1:
            sizes.append(network.ensemble_shape[0])
        return original(network, *data, **options)

    monkeypatch.setattr(training, "fit", counted)
    return sizes


# ---- the grid ------------------------------------------------------------------------------


def test_grid_is_every_combination_once_in_order():
    points = sweeps.grid(initializer=["zeros", "he_normal"], depth=[1, 2], seed=range(3))
    assert [(p.initializer, p.depth, p.seed) for p in points] == [
        (name, depth, seed)
        for name in ("zeros", "he_normal")
        for depth in (1, 2)
        for seed in (0, 1, 2)
    ]
    assert {(p.activation, p.scale) for p in points} == {("tanh", 1.0)}


def test_points_from_numpy_numbers_are_the_same_points():
    points = sweeps.grid(initializer=["zeros"], depth=np.arange(1, 3), scale=np.ones(1))
    assert points == sweeps.grid(initializer=["zeros"], depth=[1, 2], scale=[1])
    assert "np." not in repr(points)


@pytest.mark.parametrize(
    ("axes", "error", "message"),
    [
        ({"initializer": []}, ValueError, "initializer is empty"),
        ({"initializer": ["zeros"], "seed": []}, ValueError, "seed is empty"),
        ({"initializer": "zeros"}, TypeError, "initializer must be a list"),
        ({"initializer": ["zeros"], "depth": 3}, TypeError, "depth must be a list"),
        ({"initializer": ["zero"]}, ValueError, "initializer must be one of .*glorot_normal"),
        ({"initializer": [3]}, TypeError, "initializer must be a string"),
        ({"initializer": [("a", "he_normal")]}, TypeError, "a label and a callable"),
        ({"initializer": [(1, initializers.zeros)]}, TypeError, "a label and a callable"),
        ({"initializer": [("a", initializers.zeros, 1)]}, ValueError, "a pair"),
        ({"initializer": ["zeros"], "activation": ["Tanh"]}, ValueError, "activation.* tanh"),
        ({"initializer": ["zeros"], "depth": [-1]}, ValueError, "depth must be at least 0"),
        ({"initializer": ["zeros"], "depth": [1.0]}, TypeError, "depth must be an integer"),
        ({"initializer": ["zeros"], "scale": [-1.0]}, ValueError, "scale"),
        ({"initializer": ["zeros"], "scale": [np.nan]}, ValueError, "scale"),
        ({"initializer": ["zeros"], "seed": [-1]}, ValueError, "seed must be at least 0"),
        ({"initializer": ["zeros"], "seed": [2**63]}, ValueError, "seed must be below"),
        ({"initializer": ["zeros"], "seed": [None]}, TypeError, "seed must be an integer"),
    ],
)
def test_grid_refuses(axes, error, message):
    with pytest.raises(error, match=message):
        sweeps.grid(**axes)


# ---- a row is its network trained alone ----------------------------------------------------


def test_rows_are_the_points_in_order(table):
    assert [tuple(row) for row in table[list(tables.PARAMETERS)].itertuples(index=False)] == [
        point.key for point in POINTS
    ]


@pytest.mark.parametrize("index", [0, 4, 9, 14, 23, 27, 34, 41, 47])
def test_row_equals_the_network_trained_alone(table, index):
    point, row = POINTS[index], table.iloc[index]
    draw = initializers.get("he_normal") if point.initializer == "he_normal" else LARGE[1]
    network = MLP(
        [3, *[5] * point.depth, 1],
        activation=point.activation,
        initializer=lambda shape, rng: point.scale * draw(shape, rng),
        rng=np.random.default_rng(point.seed),
    )
    history = training.fit(network, X, Y, learning_rate=0.5, epochs=12, validation_data=VALIDATION)
    expected = [history.loss[-1], history.loss.min(), history.validation_loss[-1]]
    given = row[["final_loss", "min_loss", "validation_loss"]].astype(float)
    np.testing.assert_allclose(given, expected, rtol=1e-12)
    assert row["accuracy"] == history.accuracy[-1]
    assert row["validation_accuracy"] == history.validation_accuracy[-1]
    assert pd.isna(row["diverged_at"])


def test_points_of_one_shape_train_together(table, fits):
    run()
    assert fits == [12, 12, 12, 12]  # 2 activations x 2 depths


@pytest.mark.usefixtures("chunks_of_one")
def test_neither_order_nor_company_changes_a_row(table, fits):
    order = np.random.default_rng(1).permutation(len(POINTS))[:10]
    assert_equal(run([POINTS[i] for i in order]), table.iloc[order].reset_index(drop=True))
    assert fits == [1] * 10


def test_options_reach_network_and_training():
    options = {"loss": "mean_squared_error", "normalization": "layer", "dtype": np.float32}
    optimizer = optimizers.Adam(learning_rate=0.1)
    row = run(POINTS[6:8], width=4, optimizer=optimizer, learning_rate=0.01, **options).iloc[1]
    network = POINTS[7].network(3, width=4, normalization="layer", dtype=np.float32)
    history = training.fit(
        network,
        X,
        Y,
        loss="mean_squared_error",
        optimizer=optimizers.Adam(learning_rate=0.1),
        epochs=12,
        validation_data=VALIDATION,
    )
    assert row["final_loss"] == pytest.approx(history.loss[-1], rel=1e-6)  # float32
    assert np.isnan(row["accuracy"])
    assert np.isnan(row["validation_accuracy"])


def test_each_chunk_has_an_optimizer_of_its_own(monkeypatch):
    optimizer = optimizers.SGD(learning_rate=0.5, momentum=0.9)
    together = run(POINTS[6:9], optimizer=optimizer, learning_rate=0.5)
    monkeypatch.setattr(running, "CHUNK_BYTES", 1)
    assert_equal(run(POINTS[6:9], optimizer=optimizer, learning_rate=0.5), together)
    assert (run(POINTS[6:9])["final_loss"] != together["final_loss"]).all()


def test_several_classes():
    y = np.arange(60) % 3
    loss = "categorical_cross_entropy"
    table = sweeps.run(POINTS[:3], X, y, n_outputs=3, loss=loss, epochs=5)
    assert table["accuracy"].between(0, 1).all()
    assert table["validation_loss"].isna().all()


def test_divergence_is_recorded_and_stays_with_its_member(tmp_path):
    points = sweeps.grid(
        initializer=["he_normal"], activation=["relu"], depth=[3], scale=[1.0, 1e60, 1e90]
    )
    settings = {"keep_curves": True}
    table = run(points, **settings, path=tmp_path / "t.csv")
    alone = pd.concat([run([point], **settings) for point in points], ignore_index=True)
    assert_equal(table, alone)
    assert_equal(table, run(points, **settings, path=tmp_path / "t.csv"))
    healthy, later, at_once = table.to_dict("records")
    assert pd.isna(healthy["diverged_at"])
    assert len(healthy["curve"]) == 12
    assert later["diverged_at"] == len(later["curve"]) - 1 > 0
    assert later["min_loss"] == min(later["curve"][:-1])
    assert not np.isfinite(later["final_loss"])
    assert at_once["diverged_at"] == 0
    assert np.isnan(at_once["min_loss"])
    for column in ("accuracy", "validation_loss", "validation_accuracy"):
        assert np.isfinite(healthy[column])
        assert np.isnan(later[column])
        assert np.isnan(at_once[column])


def test_the_smallest_loss_need_not_be_the_last(table):
    curves = run(keep_curves=True)["curve"]
    assert (table["min_loss"] == curves.map(min)).all()
    assert (table["min_loss"] < table["final_loss"]).any()


def test_curves_are_the_whole_history():
    table = run(POINTS[6:8], keep_curves=True)
    history = training.fit(POINTS[7].network(3, width=5), X, Y, learning_rate=0.5, epochs=12)
    np.testing.assert_allclose(table["curve"][1], history.loss, rtol=1e-12)
    assert "curve" not in run(POINTS[6:8])


# ---- processes -----------------------------------------------------------------------------


def test_processes_give_the_same_table(table, tmp_path, fits):
    parallel = run(n_jobs=2, path=tmp_path / "table.csv")
    assert_close(parallel, table)
    assert fits == []  # nothing was trained in this process
    assert_equal(run(path=tmp_path / "table.csv"), parallel)


@pytest.mark.filterwarnings("default")  # what Dask warns of is not ours to mend
def test_dask_cluster_gives_the_same_table(table, tmp_path, fits):
    distributed = pytest.importorskip("dask.distributed")
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        local_directory=str(tmp_path),
    )
    with cluster, distributed.Client(cluster) as client:
        assert len({*client.run(lambda: __import__("os").getpid()).values()}) == 2
        with joblib.parallel_config(backend="dask"):
            assert_close(run(path=tmp_path / "table.csv"), table)
    assert fits == []


# ---- the file ------------------------------------------------------------------------------


@pytest.mark.usefixtures("chunks_of_one")
def test_interrupted_sweep_resumes_where_it_stopped(table, tmp_path, fits, monkeypatch):
    path = tmp_path / "table.csv"
    counted = training.fit

    def interrupted(*data, **options):
        if len(fits) == 7:
            raise KeyboardInterrupt
        return counted(*data, **options)

    monkeypatch.setattr(training, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(path=path)
    assert len(pd.read_csv(path)) == 7
    monkeypatch.setattr(training, "fit", counted)
    assert_equal(run(path=str(path)), table)
    assert len(fits) == len(POINTS)
    assert_equal(run(path=path), table)
    assert len(fits) == len(POINTS)


def test_file_grows_with_the_grid(table, tmp_path, fits):
    path = tmp_path / "table.csv"
    run(POINTS[:5], path=path)
    assert_equal(run(POINTS[3:8], path=path), table.iloc[3:8].reset_index(drop=True))
    assert sum(fits) == 8
    assert len(pd.read_csv(path)) == 8


@pytest.mark.usefixtures("chunks_of_one")
@pytest.mark.parametrize("broken", ["to_csv", "replace"])
def test_failed_write_leaves_the_old_file_whole(tmp_path, monkeypatch, broken):
    path = tmp_path / "table.csv"
    run(POINTS[:2], path=path)
    before = path.read_bytes()

    def half_written(frame, temporary, **options):
        Path(temporary).write_text("initializer,activ")
        raise OSError("disk full")

    def not_replaced(*paths):
        raise OSError("disk full")

    if broken == "to_csv":
        monkeypatch.setattr(pd.DataFrame, "to_csv", half_written)
    else:
        monkeypatch.setattr(tables.os, "replace", not_replaced)
    with pytest.raises(OSError, match="disk full"):
        run(POINTS[:4], path=path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("label", ["nan", "NA", "", "1", 'a "b", c', "größer\nzweite"])
def test_any_label_comes_back_from_the_file(tmp_path, label):
    points = sweeps.grid(initializer=[(label, initializers.he_normal)])
    table = run(points, path=tmp_path / "table.csv")
    assert table["initializer"].tolist() == [label]
    assert_equal(run(points, path=tmp_path / "table.csv"), table)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 13},
        {"learning_rate": 0.4},
        {"optimizer": "adam"},
        {"optimizer": optimizers.SGD(0.5, momentum=0.5)},
        {"loss": "mean_squared_error"},
        {"width": 6},
        {"normalization": "layer"},
        {"dtype": np.float32},
        {"validation_data": None},
        {"validation_data": (X, Y)},
    ],
)
def test_file_of_other_settings_is_refused(tmp_path, change, fits):
    path = tmp_path / "table.csv"
    run(POINTS[:2], path=path)
    with pytest.raises(ValueError, match=r"path: .*table\.csv holds .* other data or settings"):
        run(POINTS[2:3], path=path, **change)
    assert fits == [2]


def test_file_of_other_data_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    run(POINTS[:2], path=path)
    run(POINTS[:2], path=path, optimizer=optimizers.SGD(0.5))  # the same, said otherwise
    for data in [(X + 1e-9, Y), (X, 1 - Y)]:
        with pytest.raises(ValueError, match="other data"):
            sweeps.run(POINTS[:2], *data, **SETTINGS, path=path)


def test_file_of_another_initializer_with_the_same_label_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    run(sweeps.grid(initializer=[("mine", initializers.he_normal)]), path=path)
    other = sweeps.grid(initializer=[("mine", initializers.he_uniform)], seed=[1])
    with pytest.raises(ValueError, match="'mine' is one that draws other weights"):
        run(other, path=path)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\x00\xff"])
def test_file_of_something_else_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=r"table\.csv is not a table of such a sweep"):
        run(POINTS[:2], path=path)
    assert path.read_text(encoding="latin-1") == content


def test_file_with_a_damaged_cell_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    run(POINTS[:2], path=path)
    path.write_text(path.read_text().replace("he_normal,tanh,0", "he_normal,tanh,?"))
    with pytest.raises(ValueError, match="not a table of such a sweep"):
        run(POINTS[:2], path=path)


# ---- errors before work --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "settings", "error", "message"),
    [
        ([], {}, ValueError, "points is empty"),
        (3, {}, TypeError, "points must be a list of Point"),
        (["he_normal"], {}, TypeError, "points must be a list of Point"),
        (POINTS[:2] + POINTS[:1], {}, ValueError, "twice"),
        (sweeps.grid(initializer=[LARGE, ("large", np.ones)]), {}, ValueError, "twice"),
        (POINTS, {"epochs": 0}, ValueError, "epochs"),
        (POINTS, {"width": 0}, ValueError, "width"),
        (POINTS, {"n_outputs": 1.5}, TypeError, "n_outputs"),
        (POINTS, {"n_outputs": 2}, ValueError, "y of shape"),
        (POINTS, {"normalization": "Batch"}, ValueError, "batch"),
        (POINTS, {"dtype": int}, ValueError, "dtype"),
        (POINTS, {"loss": "mse"}, ValueError, "mean_squared_error"),
        (POINTS, {"optimizer": "SGD"}, ValueError, "rmsprop"),
        (POINTS, {"optimizer": optimizers.SGD(0.1)}, ValueError, "learning_rate"),
        (POINTS, {"learning_rate": -1.0}, ValueError, "learning_rate"),
        (POINTS, {"n_jobs": 0}, ValueError, "n_jobs"),
        (POINTS, {"n_jobs": 1.5}, TypeError, "n_jobs"),
        (POINTS, {"progress": "yes"}, TypeError, "progress"),
        (POINTS, {"keep_curves": 1}, TypeError, "keep_curves"),
        (POINTS, {"validation_data": X}, TypeError, "validation_data must be a pair"),
        (
            POINTS,
            {"validation_data": (X[:, :2], Y)},
            ValueError,
            "validation_data.* has 2 features",
        ),
        (POINTS, {"path": 3}, TypeError, "path must be a str or a Path"),
        (POINTS, {"path": "no/such/folder/table.csv"}, ValueError, "no folder no"),
        (POINTS, {"path": Path(__file__).parent}, ValueError, "not a table"),
    ],
)
def test_run_refuses_before_any_training(points, settings, error, message, fits):
    with pytest.raises(error, match=message):
        run(points, **settings)
    assert fits == []


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ((X[:, 0], Y), ValueError, "X must have at least 2 axes"),
        ((X[None], Y), ValueError, "ensemble"),
        ((X, Y[:-1]), ValueError, "y of shape"),
        ((X, Y + 1), ValueError, "labels 0 and 1"),
        ((X, np.zeros(60)), ValueError, "one class"),
        ((np.full((60, 3), np.nan), Y), ValueError, "X must be finite"),
        ((X.astype(object), Y), TypeError, "X must hold real numbers"),
        ((np.zeros((0, 3)), Y[:0]), ValueError, "X is empty"),
    ],
)
def test_run_refuses_data_before_any_training(data, error, message, fits):
    with pytest.raises(error, match=message):
        sweeps.run(POINTS, *data, **SETTINGS)
    assert fits == []


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda shape, rng: np.zeros(3), ValueError, "must return shape"),
        (lambda shape, rng: np.full(shape, np.inf), ValueError, "'bad' returned must be finite"),
        (lambda shape, rng: None, TypeError, "'bad' returned must hold real numbers"),
    ],
)
def test_run_refuses_a_bad_initializer_before_any_training(draw, error, message, fits):
    with pytest.raises(error, match=message):
        run(sweeps.grid(initializer=["he_normal", ("bad", draw)]))
    assert fits == []


def test_progress_counts_networks(capsys, tmp_path):
    run(POINTS[:6], path=tmp_path / "table.csv")
    capsys.readouterr()
    run(POINTS[:9], progress=True, path=tmp_path / "table.csv")
    shown = capsys.readouterr().err
    assert "6/9" in shown
    assert "9/9" in shown
