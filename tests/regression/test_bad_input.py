# SPDX-License-Identifier: Apache-2.0
"""What a user can get wrong: one text that names file, place, reason and way out, the right exit code, and nothing damaged."""

import os
import unittest

import h5py
import numpy as np

import harness

ROWS = 600
CONFIG = """\
[run]
steps = 8
log_every = 4
checkpoint_every = 2
keep_checkpoints = 9
[data]
{data}
[network]
hidden = [8]
[objective]
kind = "persistent_contrastive_divergence"
[sampler]
steps = 3
population = 64
[optimizer]
batch_size = 48
[parallel]
shards = 3
"""
USAGE, FILE = 2, 4  # exit codes
WAY_OUT = r"; \w|did you mean|expected|it must be|TOML syntax|not a finite number"


class BadInput(harness.Case):
    def setUp(self):
        super().setUp()
        self.rows = np.random.default_rng(1).normal(size=(ROWS, 3))
        self.store("rows.h5", **{"train/x": self.rows, "train/y": np.arange(ROWS)})
        self.config = self.write("run.toml", CONFIG.format(data='file = "rows.h5"\ndataset = "train/x"'))

    def store(self, name, **data_sets):
        with h5py.File(self.folder / name, "w") as file:
            for key, value in data_sets.items():
                file[key] = value
        return self.folder / name

    def contents(self):
        """Every path below the scratch folder with its bytes, None for folders."""
        return {path: path.read_bytes() if path.is_file() else None for path in self.folder.rglob("*")}

    def refused(self, *arguments, parts, expect=USAGE, ranks=(1, 3), output="run"):
        """The command ends with `expect`, says one problem with all `parts` in it once, and changes no file."""
        before = self.contents()
        if arguments and arguments[0] == "train" and "--output" not in arguments and output:
            arguments = (*arguments, "--output", output)
        for number in ranks:
            with self.subTest(ranks=number):
                done = harness.ebmpi(*arguments, ranks=number, expect=expect, timeout=30, cwd=self.folder)
                self.assertEqual(len(harness.problems(done)), 1, done.stderr)
                text = done.stderr[done.stderr.index("ebmpi: "):].split("\n---")[0]
                for part in parts:
                    self.assertIn(str(part), text)
                self.assertRegex(text, WAY_OUT)
                self.assertNotIn("fault of the program", done.stderr)
                self.assertTrue(self.contents() == before, "files were changed")

    def refused_with(self, *settings, **keywords):
        self.refused("train", self.config, *(f"--set={setting}" for setting in settings), **keywords)

    def refused_data(self, line, **keywords):
        self.refused("train", self.write("run.toml", CONFIG.format(data=line)), **keywords)

    def train(self, *arguments, output="run", ranks=1, expect=0):
        done = harness.ebmpi("train", self.config, "--output", output, *arguments, ranks=ranks, expect=expect, timeout=60,
                             cwd=self.folder)
        return done, self.folder / output


class CommandLine(BadInput):
    def test_usage(self):
        for arguments, parts in (((), ("subcommand",)),
                                 (("trian", "run.toml"), ("'trian'", "train")),
                                 (("train",), ("CONFIG is required",)),
                                 (("train", "run.toml", "--outptu", "x"), ("--outptu",)),
                                 (("train", "run.toml", "extra.toml"), ("extra.toml",)),
                                 (("train", "run.toml", "--steps", "0"), ("--steps", "0", "1 - ")),
                                 (("train", "run.toml", "--steps", "many"), ("--steps", "many"))):
            with self.subTest(arguments=arguments):
                self.refused(*arguments, parts=(*parts, "--help"), ranks=(1,), output=None)

    def test_usage_is_said_once(self):
        self.refused("train", "run.toml", "--outptu", "x", parts=("--outptu",), output=None)

    def test_time_limit(self):
        for limit in ("3parsecs", "-3", "1:2", "1h-2m"):
            with self.subTest(limit=limit):
                self.refused("train", self.config, f"--time-limit={limit}", parts=(f"'{limit}'", "1h30m", "HH:MM:SS"), ranks=(1,))


class Config(BadInput):
    def edit(self, old, new):
        return self.write("run.toml", self.config.read_text().replace(old, new))

    def test_unknown_key(self):
        self.edit("hidden = [8]", "hiden = [8]")
        self.refused("train", self.config, parts=("run.toml:10: ", "unknown key 'network.hiden'", "did you mean 'hidden'?"))

    def test_all_errors_at_once(self):
        self.edit("hidden = [8]", 'hidden = "wide"\nactivaton = "silu"').write_text(
            self.config.read_text().replace("population = 64", "population = 0"))
        self.refused("train", self.config, "--set=optimizer.ema=1.5",
                     parts=("4 errors", "run.toml:10: ", "network.hidden", "run.toml:11: ", "activaton", "run.toml:16: ",
                            "population", ">= 1", "--set optimizer.ema=1.5", "< 1"))

    def test_values(self):
        for setting, parts in (("run.steps=many", ("run.steps", "whole number")), ("run.steps=2.5", ("run.steps", "whole number")),
                               ("data.jitter=-1", ("data.jitter", ">= 0")), ("sampler.step_size=0", ("sampler.step_size", "> 0")),
                               ("objective.kind=constrastive_divergence", ("objective.kind", "contrastive_divergence")),
                               ("optimizer.learning_rate=nan", ("optimizer.learning_rate",)),
                               ("network.hidden=[0]", ("network.hidden", "1")), ("nonsense", ("nonsense", "section.key=value"))):
            with self.subTest(setting=setting):
                self.refused_with(setting, parts=(f"--set {setting}", *parts), ranks=(1,))

    def test_contradictions(self):
        for settings, parts in ((("data.density=rings",), ("data.file", "data.density", "remove one")),
                                (("sampler.start=data",), ("sampler.start", "contrastive_divergence", "run.toml:12")),
                                (("sampler.population=47",), ("sampler.population = 47", "optimizer.batch_size = 48 (", "run.toml:17)")),
                                (("parallel.shards=49", "sampler.population=64"), ("parallel.shards = 49", "run.toml:17")),
                                (("optimizer.warmup_steps=9",), ("warmup_steps = 9", "run.steps = 8"))):
            with self.subTest(settings=settings):
                self.refused_with(*settings, parts=parts, ranks=(1,))

    def test_config_file(self):
        self.refused("train", "nowhere.toml", expect=FILE, parts=("nowhere.toml", "No such file"))
        self.refused("train", self.folder, expect=FILE, parts=(self.folder, "Is a directory"))
        self.write("broken.toml", "[run]\nsteps = = 3\n")
        self.refused("train", "broken.toml", parts=("broken.toml:2:", "TOML syntax"))

    def test_more_ranks_than_shards(self):
        self.refused("train", self.config, ranks=(4,), parts=("4 ranks for 3 shards", "at most 3 ranks"))
        self.refused("train", self.config, "--check", ranks=(4,), parts=("4 ranks for 3 shards",))

    def test_more_memory_than_there_is(self):
        self.refused_with("sampler.population=1000000000000000", parts=("memory on a rank", "sampler.population"))
        self.refused_with("network.hidden=[65536,65536,65536,65536,65536]", parts=("GB of memory", "network.hidden"))


class Data(BadInput):
    def test_missing(self):
        self.refused_data('file = "nowhere.h5"', expect=FILE, parts=("nowhere.h5", "No such file"))
        self.refused_data('file = "rows.h5"', parts=("rows.h5 has no data set /x", "/train/x (600, 3)", "/train/y (600)"))

    def test_shapes_and_types(self):
        self.store("odd.h5", cube=np.zeros((3, 4, 5)), text=np.array([b"one", b"two"]), empty=np.zeros((0, 3)), few=self.rows[:2])
        for name, parts in (("cube", ("3 dimensions", "(3, 4, 5)", "(N, D)")), ("text", ("strings", "float32")),
                            ("empty", ("empty", "(0, 3)")), ("few", ("2 rows for 3 shards", "parallel.shards"))):
            with self.subTest(name=name):
                self.refused_data(f'file = "odd.h5"\ndataset = "{name}"', parts=(f"odd.h5:/{name}", *parts), ranks=(1, 3))

    def test_values_that_are_not_finite(self):
        """The first of all, whichever rank reads it: ranks own thirds of the rows, and the last is in the last third."""
        for places, named in ((((ROWS - 1, 2, np.nan),), ("NaN", f"row {ROWS - 1}, column 2")),
                              (((250, 1, -np.inf), (599, 0, np.nan)), ("-infinity", "row 250, column 1")),
                              (((0, 0, np.inf), (1, 0, np.nan)), (" infinity", "row 0, column 0"))):
            with self.subTest(places=places):
                rows = self.rows.copy()
                for row, column, value in places:
                    rows[row, column] = value
                self.store("bad.h5", x=rows)
                self.refused_data('file = "bad.h5"', parts=("bad.h5:/x", *named))

    def test_numbers_that_overflow(self):
        self.store("large.h5", x=1e39 * self.rows, huge=1e300 * self.rows)
        self.refused_data('file = "large.h5"\nstandardize = false', parts=("large.h5:/x", "precision", "standardize"))
        self.refused_data('file = "large.h5"\ndataset = "huge"', parts=("large.h5:/huge", "column 0", "overflow"), ranks=(1,))

    def test_damaged_files(self):
        whole = self.store("whole.h5", x=np.random.default_rng(2).normal(size=(20000, 3))).read_bytes()
        (self.folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
        self.write("text.h5", "1.0, 2.0\n" * 100)
        self.refused_data('file = "cut.h5"', expect=FILE, parts=("cut.h5", "truncated"))
        self.refused_data('file = "text.h5"', expect=FILE, parts=("text.h5", "not an HDF5 file"))

    def test_too_many_components(self):
        self.refused_with("data.pca=4", parts=("data.pca = 4", "3 columns", "rows.h5:/train/x"))

    def test_constant_columns_work(self):
        self.rows[:, 1] = 7.25
        self.store("constant.h5", x=self.rows)
        self.config = self.write("run.toml", CONFIG.format(data='file = "constant.h5"'))
        _, run = self.train(ranks=3)
        with h5py.File(harness.newest_checkpoint(run)) as file:
            self.assertEqual((file["data/mean"][1], file["data/scale"][1]), (7.25, 1.0))
            self.assertTrue(all(np.isfinite(tensor[()]).all() for tensor in file["model"].values()))

    def test_one_dimension_works(self):
        """Numbers in a row are samples of one column: the run is that of the same numbers as a column."""
        self.store("line.h5", x=self.rows[:, 0], column=self.rows[:, :1])
        digests = set()
        for name, ranks in (("x", 3), ("column", 1)):
            self.config = self.write("run.toml", CONFIG.format(data=f'file = "line.h5"\ndataset = "{name}"'))
            digests.add(harness.state_digest(harness.newest_checkpoint(self.train(output=name, ranks=ranks)[1])))
        self.assertEqual(len(digests), 1)


class RunFolder(BadInput):
    def test_of_another_config(self):
        self.train()
        self.refused_with("network.hidden=[9]", "sampler.step_size=0.5",
                          parts=("step-000000008.h5", "another config", "network.hidden: [8] in the checkpoint, [9] in the config",
                                 "sampler.step_size", "--output"))

    def test_of_other_data(self):
        self.train("--steps", 4)
        self.store("rows.h5", **{"train/x": self.rows + 1.0})
        self.refused("train", self.config, parts=("step-000000004.h5", "other data", "--output"))

    def test_never_resume(self):
        self.train()
        self.refused("train", self.config, "--resume", "never", parts=("run already holds checkpoints", "--output"))

    def test_resume_from_a_bad_file(self):
        _, run = self.train()
        good = harness.newest_checkpoint(run).read_bytes()
        (self.folder / "cut.h5").write_bytes(good[: len(good) // 2])
        middle = len(good) // 2
        (self.folder / "flipped.h5").write_bytes(good[:middle] + bytes(255 - byte for byte in good[middle: middle + 64])
                                                 + good[middle + 64:])
        for name, parts in (("nowhere.h5", ("No such file",)), ("cut.h5", ("truncated",)), ("flipped.h5", ("damaged",)),
                            ("rows.h5", ("not a checkpoint",)), ("run.toml", ("not an HDF5 file",))):
            with self.subTest(name=name):
                self.refused("train", self.config, "--resume", name, expect=FILE, parts=(name, *parts), output="other")

    def test_resume_from_a_file_does_not_overwrite_later_ones(self):
        _, run = self.train()
        self.refused("train", self.config, "--resume", run / "checkpoints/step-000000004.h5",
                     parts=("step-000000008.h5", "later", "--output"))
        self.train("--resume", run / "checkpoints/step-000000004.h5", output="branch", ranks=2)
        self.assertEqual(harness.state_digest(harness.newest_checkpoint(self.folder / "branch")),
                         harness.state_digest(harness.newest_checkpoint(run)))

    def test_cannot_be_made(self):
        self.refused("train", self.config, "--output", "run.toml/below", expect=FILE, parts=("run.toml/below", "--output"))

    def test_without_a_valid_checkpoint_is_not_overwritten(self):
        _, run = self.train("--steps", 2)
        newest = harness.newest_checkpoint(run)
        newest.write_bytes(newest.read_bytes()[:1000])
        before = self.contents()
        done, _ = self.train(expect=FILE, ranks=3)
        self.assertIn("none can be read", done.stderr)
        self.assertEqual(self.contents(), before)

    def test_damaged_newest_checkpoint(self):
        """The run goes on from the one before, says so, ends with the numbers of an undisturbed run, and never loses a good one."""
        _, reference = self.train(output="reference")
        _, run = self.train("--steps", 6)
        newest = harness.newest_checkpoint(run)
        newest.write_bytes(newest.read_bytes()[:-2000])
        done, _ = self.train("--steps", 5, "--set=run.keep_checkpoints=1", ranks=3)
        self.assertEqual(len([line for line in harness.problems(done) if newest.name in line]), 1, done.stderr)
        self.assertIn("step-000000004.h5 at step 4", done.stdout)
        self.assertEqual([path.name for path in (run / "checkpoints").glob("*.h5")], ["step-000000005.h5"])
        self.train(ranks=2)
        self.assertEqual(harness.state_digest(harness.newest_checkpoint(run)),
                         harness.state_digest(harness.newest_checkpoint(reference)))


class Divergence(BadInput):
    SGD = ("--set=optimizer.kind=sgd", "--set=objective.energy_regularization=10")

    def test_ends_every_rank_and_leaves_the_last_checkpoint(self):
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                done, run = self.train(*self.SGD, "--set=optimizer.learning_rate=1e6", "--set=run.checkpoint_every=1",
                                       output=f"run-{ranks}", ranks=ranks, expect=3)
                self.assertEqual(len(harness.problems(done)), 1, done.stderr)
                self.assertRegex(done.stderr, r"ebmpi: training diverged at step \d .*; .*optimizer.learning_rate")
                with h5py.File(harness.newest_checkpoint(run)) as file:
                    self.assertTrue(all(np.isfinite(tensor[()]).all() for tensor in file["model"].values()))
                described = harness.ebmpi("info", harness.newest_checkpoint(run), cwd=self.folder)
                self.assertIn("layers.0.weight", described.stdout)

    def test_a_model_that_is_not_finite_is_never_saved(self):
        done, run = self.train("--steps", 1, *self.SGD, "--set=optimizer.learning_rate=1e39", ranks=2, expect=3)
        self.assertEqual(len(harness.problems(done)), 1, done.stderr)
        self.assertIn("was not written", done.stderr)
        self.assertEqual(list((run / "checkpoints").iterdir()), [])


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
