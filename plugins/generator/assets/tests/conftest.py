"""What all tests of the bundle share."""

import os

import pytest
from bundle_standins import Utilities


def pytest_addoption(parser):
    parser.addoption("--record", action="store_true", help="write down what pure functions give, to be compared from then on")


def pytest_configure(config):
    config.addinivalue_line("markers", "workspace: runs on a workspace, and only where BUNDLE_TESTS_RUN=1 allows it")


@pytest.fixture
def record(request):
    return request.config.getoption("--record")


@pytest.fixture
def utilities(tmp_path):
    """Makes a stand-in for dbutils with parameters."""
    return lambda parameters=None: Utilities(tmp_path, parameters)


@pytest.fixture(scope="session")
def spark():
    """Spark of the workspace: of this notebook or job, else by Databricks Connect, else the one of this machine."""
    try:
        from databricks.connect import DatabricksSession

        if os.environ.get("DATABRICKS_HOST") or os.environ.get("DATABRICKS_CONFIG_PROFILE"):
            return DatabricksSession.builder.getOrCreate()
    except ImportError:
        pass
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        pytest.skip("neither Databricks Connect nor Spark is here")
    return SparkSession.builder.getOrCreate()
