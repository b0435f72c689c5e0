"""Before all else, since what is imported before it begins is not measured."""

pytest_plugins = ["tests.covering"]
