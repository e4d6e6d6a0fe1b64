"""The store in memory."""

import pytest

from annotations.store import MemoryStore
from tests.contracts.annotation_store import AnnotationStoreContract


class TestMemoryStore(AnnotationStoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()
