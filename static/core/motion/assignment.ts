/**
 * The best one-to-one assignment, exactly: the Hungarian method with potentials, in its O(n³) form. Kuhn 1955; Jonker and Volgenant
 * 1987 for the shortest augmenting paths.
 * @param score square, a row after the other
 * @returns for each row its column, so that the sum of the scores is largest
 */
export function bestAssignment(score: Float64Array, count: number): number[] {
  const rowPotential = new Float64Array(count + 1);
  const columnPotential = new Float64Array(count + 1);
  // Column `count` stands for "not assigned yet": each row sets out from there.
  const rowOf = new Int32Array(count + 1).fill(-1);
  for (let row = 0; row < count; row++) {
    rowOf[count] = row;
    let column = count;
    const distance = new Float64Array(count).fill(Infinity);
    const cameFrom = new Int32Array(count).fill(count);
    const isDone = new Uint8Array(count + 1);
    while (rowOf[column]! >= 0) {
      isDone[column] = 1;
      const here = rowOf[column]!;
      let nearest = -1;
      for (let c = 0; c < count; c++) {
        if (isDone[c]) continue;
        const reduced = -score[here * count + c]! - rowPotential[here]! - columnPotential[c]!;
        if (reduced < distance[c]!) {
          distance[c] = reduced;
          cameFrom[c] = column;
        }
        if (nearest < 0 || distance[c]! < distance[nearest]!) nearest = c;
      }
      const step = distance[nearest]!;
      for (let c = 0; c <= count; c++) {
        if (isDone[c]) {
          rowPotential[rowOf[c]!]! += step;
          columnPotential[c]! -= step;
        } else if (c < count) {
          distance[c]! -= step;
        }
      }
      column = nearest;
    }
    while (column !== count) {
      rowOf[column] = rowOf[cameFrom[column]!]!;
      column = cameFrom[column]!;
    }
  }
  const assigned = new Array<number>(count).fill(0);
  for (let column = 0; column < count; column++) assigned[rowOf[column]!] = column;
  return assigned;
}
