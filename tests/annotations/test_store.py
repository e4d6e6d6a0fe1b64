"""The store in memory."""

import pytest

from annotations.store import MemoryStore
from tests.contracts.labels_over_time import LabelsOverTimeContract


class TestMemoryStore(LabelsOverTimeContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()
