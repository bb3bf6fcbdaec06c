// Squarified treemaps (Bruls, Huizing, van Wijk 2000): rectangles whose areas are the weights, as square as they get.

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Places weights, which are sorted from large to small and positive, in a box; one box for each. */
export function squarify(weights: number[], box: Box): Box[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const scale = sum > 0 ? (box.width * box.height) / sum : 0;
  const areas = weights.map((weight) => weight * scale);
  const boxes: Box[] = [];
  let { x, y, width, height } = box;
  for (let start = 0; start < areas.length; ) {
    const side = Math.min(width, height);
    let end = start + 1;
    let row = areas[start]!;
    // The row grows while its worst rectangle gets better.
    while (end < areas.length && worst(areas, start, end + 1, row + areas[end]!, side) <= worst(areas, start, end, row, side)) {
      row += areas[end++]!;
    }
    const thickness = side > 0 ? row / side : 0;
    let along = width >= height ? y : x;
    for (let index = start; index < end; index++) {
      const length = thickness > 0 ? areas[index]! / thickness : 0;
      boxes.push(
        width >= height
          ? { x, y: along, width: thickness, height: length }
          : { x: along, y, width: length, height: thickness },
      );
      along += length;
    }
    if (width >= height) {
      x += thickness;
      width -= thickness;
    } else {
      y += thickness;
      height -= thickness;
    }
    start = end;
  }
  return boxes;
}

/** The largest ratio of sides in a row of areas that is laid along a side. */
function worst(areas: number[], start: number, end: number, row: number, side: number): number {
  const square = side * side;
  const sum = row * row;
  return Math.max((square * areas[start]!) / sum, sum / (square * areas[end - 1]!));
}
