/** step gives the cell that a key goes to; undefined: the key is not for the grid. */
export function step(key: string, ctrl: boolean, [row, column]: [number, number], rows: number, columns: number): [number, number] | undefined {
  const [lastRow, lastColumn] = [rows - 1, columns - 1];
  switch (key) {
    case 'ArrowLeft':
      return [row, Math.max(0, column - 1)];
    case 'ArrowRight':
      return [row, Math.min(lastColumn, column + 1)];
    case 'ArrowUp':
      return [Math.max(0, row - 1), column];
    case 'ArrowDown':
      return [Math.min(lastRow, row + 1), column];
    case 'Home':
      return [ctrl ? 0 : row, 0];
    case 'End':
      return [ctrl ? lastRow : row, lastColumn];
    case 'PageUp':
      return [row, Math.max(0, column - 24)];
    case 'PageDown':
      return [row, Math.min(lastColumn, column + 24)];
  }
  return undefined;
}
