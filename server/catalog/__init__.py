"""Cases and assets: what there is, in which state it is, and who may know of it."""

from server.catalog.assets import (
    NewAsset,
    count_by_state,
    create_asset,
    get_asset,
    list_assets,
    problem_columns,
    set_state,
    state_of,
    update_asset,
)
from server.catalog.cases import (
    CaseSummary,
    checked_case_name,
    get_or_create_case,
    list_cases,
    remove_case,
    unused_cases,
)
from server.catalog.model import DEFAULT_CASE, Asset, AssetKind, Case, Problem, State
from server.catalog.page import Page
from server.catalog.signatures import Signature, sign, signatures_of, void_signatures

__all__ = [
    "DEFAULT_CASE",
    "Asset",
    "AssetKind",
    "Case",
    "CaseSummary",
    "NewAsset",
    "Page",
    "Problem",
    "Signature",
    "State",
    "checked_case_name",
    "count_by_state",
    "create_asset",
    "get_asset",
    "get_or_create_case",
    "list_assets",
    "list_cases",
    "problem_columns",
    "remove_case",
    "set_state",
    "sign",
    "signatures_of",
    "state_of",
    "unused_cases",
    "update_asset",
    "void_signatures",
]
