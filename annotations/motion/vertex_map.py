"""Which point of one outline becomes which point of another: pairs that move on straight lines.

The vertices of both are among the pairs, so that the way begins and ends exactly with what was drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotations.motion.alignment import Chains, Path, align
from annotations.motion.arc import Arc, Fractions, mean_radius
from annotations.motion.outlines import Vertices
from annotations.motion.pins import pins

SHIFT_SAMPLES = 128
ANCHOR_REACH = 1.0 / 16.0
TIE = 1e-9
SAME_PLACE = 1e-12


@dataclass(frozen=True, slots=True)
class Curves:
    """Two rings or two lines to be mapped, each with the point from which its places are seen. (2,)"""

    first: Arc
    second: Arc
    first_origin: Vertices
    second_origin: Vertices


@dataclass(frozen=True, slots=True)
class Moving:
    """A curve that moves: point k from `start[k]` to `end[k]`. (n, 2) each."""

    start: Vertices
    end: Vertices

    def at(self, t: float) -> Vertices:
        """The vertices after a part of the way, 0 to 1."""
        return self.start + (self.end - self.start) * t


@dataclass(frozen=True, slots=True)
class _InOrder:
    """A pair of chains whose vertices go with one another as they come; indices, without the end."""

    vertices_a: NDArray[np.intp]
    vertices_b: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Aligned:
    """A pair of chains to be aligned.

    Attributes
    ----------
    nodes_a, nodes_b : from end to end.
    vertices_a, vertices_b : indices of the vertices between the ends.
    is_pair : whether the start is one of the pairs that move: it is a vertex of either.
    """

    nodes_a: Fractions
    nodes_b: Fractions
    vertices_a: NDArray[np.intp]
    vertices_b: NDArray[np.intp]
    is_pair: bool
    chains: Chains


def map_curves(pairs: Sequence[Curves]) -> list[Moving]:
    """The moving curve of each pair."""
    stretches = [_stretches(curves) for curves in pairs]
    to_align = [one.chains for many in stretches for one in many if isinstance(one, _Aligned)]
    paths = iter(align(to_align))
    moving = []
    for curves, many in zip(pairs, stretches, strict=True):
        starts, ends = [], []
        for stretch in many:
            if isinstance(stretch, _InOrder):
                start = curves.first.vertices[stretch.vertices_a]
                end = curves.second.vertices[stretch.vertices_b]
            else:
                start, end = _union(curves, stretch, next(paths))
            starts.append(start)
            ends.append(end)
        if not curves.first.is_ring:
            starts.append(curves.first.vertices[-1:])
            ends.append(curves.second.vertices[-1:])
        moving.append(Moving(np.concatenate(starts), np.concatenate(ends)))
    return moving


def _stretches(curves: Curves) -> list[_InOrder | _Aligned]:
    first, second = curves.first, curves.second
    n, m = len(first.vertices), len(second.vertices)
    borders = pins(first.vertices, second.vertices, is_ring=first.is_ring)
    unmoved = len(borders)
    if not first.is_ring:
        borders = [(0, 0), *borders, (n - 1, m - 1)]
        unmoved += sum(np.array_equal(first.vertices[end], second.vertices[end]) for end in (0, -1))
    is_edited = 2 * unmoved >= min(n, m)
    view = _View(curves, is_relative=not is_edited)
    if first.is_ring:
        if not borders:
            if _is_only_moved(first.vertices, second.vertices):
                # What the alignment would find, a hundred times as fast: most outlines are moved as they are.
                return [_InOrder(np.arange(n), np.arange(m))]
            return [_anchored(curves, view)]
        i, j = borders[0]
        borders = [*borders, (i + n, j + m)]
    found: list[_InOrder | _Aligned] = []
    for (i, j), (i_end, j_next) in itertools.pairwise(borders):
        # Round the ring, if need be; from its only pin all round to it.
        j_end = j + (j_next - j - 1) % m + 1
        if i_end - i == j_end - j and (is_edited or i_end - i == 1):
            found.append(_InOrder(np.arange(i, i_end) % n, np.arange(j, j_end) % m))
            continue
        nodes_a, nodes_b = first.nodes(i, i_end), second.nodes(j % m, j_end - j + j % m)
        vertices_a, vertices_b = np.arange(i + 1, i_end) % n, np.arange(j + 1, j_end) % m
        chains = view.chains(nodes_a, nodes_b)
        found.append(_Aligned(nodes_a, nodes_b, vertices_a, vertices_b, is_pair=True, chains=chains))
    return found


def _is_only_moved(first: Vertices, second: Vertices) -> bool:
    """Whether one ring is the other, elsewhere."""
    if len(first) != len(second):
        return False
    by = second - first
    return bool(np.abs(by - by[0]).max() <= SAME_PLACE * np.abs(second).max())


class _View:
    """Two curves as the cost of matching their nodes sees them."""

    def __init__(self, curves: Curves, *, is_relative: bool) -> None:
        self._curves = curves
        self._scale = mean_radius(curves.first, curves.second)
        self._second_origin = curves.second_origin if is_relative else curves.first_origin

    def cost(self, nodes_a: Fractions, nodes_b: Fractions) -> NDArray[np.float64]:
        """Of matching each node with each: squared distance by scale, and how much the directions differ."""
        p, p_direction = self._curves.first.with_tangents(nodes_a)
        q, q_direction = self._curves.second.with_tangents(nodes_b)
        p = (p - self._curves.first_origin) / self._scale
        q = (q - self._second_origin) / self._scale
        # |p − q|² + 1 − u·v as one product of matrices.
        left = np.concatenate((p * -2.0, -p_direction), axis=1)
        right = np.concatenate((q, q_direction), axis=1)
        cost: NDArray[np.float64] = left @ right.T
        cost += (p * p).sum(axis=1)[:, None] + 1.0
        cost += (q * q).sum(axis=1)
        return cost

    def chains(
        self, nodes_a: Fractions, nodes_b: Fractions, cost: NDArray[np.float64] | None = None
    ) -> Chains:
        """The chains through these nodes."""
        return Chains(_along(nodes_a), _along(nodes_b), self.cost(nodes_a, nodes_b) if cost is None else cost)


def _anchored(curves: Curves, view: _View) -> _Aligned:
    """Both rings from a pair of nodes that belong together, all round."""
    first, second = curves.first, curves.second
    n, m = len(first.vertices), len(second.vertices)
    nodes_a, nodes_b = first.nodes(0, n), second.nodes(0, m)
    cost = view.cost(nodes_a[:-1], nodes_b[:-1])
    apart = nodes_b[None, :-1] - nodes_a[:-1, None] - _shift(curves)
    apart -= np.round(apart)
    reachable = np.where(np.abs(apart) <= ANCHOR_REACH, cost, np.inf)
    i, j = divmod(int((reachable <= reachable.min() + TIE).argmax()), cost.shape[1])
    around = np.ix_(_around(len(nodes_a) - 1, i), _around(len(nodes_b) - 1, j))
    nodes_a, nodes_b = _from(nodes_a, i), _from(nodes_b, j)
    vertices_a, is_vertex_a = _vertices_after(first, float(nodes_a[0]))
    vertices_b, is_vertex_b = _vertices_after(second, float(nodes_b[0]))
    return _Aligned(
        nodes_a,
        nodes_b,
        vertices_a,
        vertices_b,
        is_vertex_a or is_vertex_b,
        view.chains(nodes_a, nodes_b, cost[around]),
    )


def _shift(curves: Curves) -> float:
    """By how much of its length the second ring is best turned on to the first, both as they lie."""
    s = np.arange(SHIFT_SAMPLES) / SHIFT_SAMPLES
    p = (curves.first.at(s) - curves.first_origin).view(np.complex128).ravel()
    q = (curves.second.at(s) - curves.second_origin).view(np.complex128).ravel()
    fit = np.fft.ifft(np.conj(np.fft.fft(p)) * np.fft.fft(q)).real
    return int((fit >= fit.max() - TIE * np.abs(fit).max()).argmax()) / SHIFT_SAMPLES


def _union(curves: Curves, stretch: _Aligned, path: Path) -> tuple[Vertices, Vertices]:
    """The pairs at every vertex of either chain, in order; the far end belongs to the next chain."""
    first, second = curves.first, curves.second
    tau = path.a + path.b
    start_a, span_a = stretch.nodes_a[0], stretch.nodes_a[-1] - stretch.nodes_a[0]
    start_b, span_b = stretch.nodes_b[0], stretch.nodes_b[-1] - stretch.nodes_b[0]
    places_a = np.mod(first.s[stretch.vertices_a] - start_a, 1.0) / span_a
    places_b = np.mod(second.s[stretch.vertices_b] - start_b, 1.0) / span_b
    start = np.zeros(1 if stretch.is_pair else 0)
    moments = np.concatenate((start, _moments(places_a, path.a, tau), _moments(places_b, path.b, tau)))
    order = np.argsort(moments, kind="stable")
    moments = moments[order]
    is_new = np.ones(len(moments), dtype=bool)
    is_new[1:] = np.diff(moments) > TIE
    slot = np.empty(len(moments), dtype=np.intp)
    slot[order] = np.cumsum(is_new) - 1
    moments = moments[is_new]
    p = first.at(start_a + np.interp(moments, tau, path.a) * span_a)
    q = second.at(start_b + np.interp(moments, tau, path.b) * span_b)
    # A vertex is where it was drawn, to the last bit.
    split = len(start) + len(places_a)
    p[slot[len(start) : split]] = first.vertices[stretch.vertices_a]
    q[slot[split:]] = second.vertices[stretch.vertices_b]
    return p, q


def _moments(places: Fractions, along: Fractions, tau: NDArray[np.float64]) -> NDArray[np.float64]:
    """When the path is at each place: the middle of the time if it waits there."""
    low = np.searchsorted(along, places - SAME_PLACE, side="left")
    high = np.searchsorted(along, places + SAME_PLACE, side="right") - 1
    before = np.maximum(low - 1, 0)
    span = along[low] - along[before]
    part = np.divide(places - along[before], span, out=np.zeros_like(places), where=span > 0)
    between = tau[before] + part * (tau[low] - tau[before])
    return np.where(low <= high, (tau[low] + tau[high]) / 2.0, between)


def _along(nodes: Fractions) -> Fractions:
    along = (nodes - nodes[0]) / (nodes[-1] - nodes[0])
    along[-1] = 1.0
    return np.asarray(along)


def _around(count: int, start: int) -> NDArray[np.intp]:
    """All nodes of a ring from one on, and that one again."""
    return np.arange(start, start + count + 1) % count


def _from(nodes: Fractions, start: int) -> Fractions:
    """A ring's nodes (the last one is the first again, at 1) from one on, all round."""
    return np.concatenate((nodes[start:-1], 1.0 + nodes[: start + 1]))


def _vertices_after(arc: Arc, start: float) -> tuple[NDArray[np.intp], bool]:
    """The vertices of a ring in their order from a place on, without one at the place; and whether there is
    one."""
    ahead = np.mod(arc.s[:-1] - start, 1.0)
    is_here = (ahead <= SAME_PLACE) | (ahead >= 1.0 - SAME_PLACE)
    order = np.argsort(ahead, kind="stable")
    return order[~is_here[order]], bool(is_here.any())
