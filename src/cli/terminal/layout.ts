/** Characters a line may have; not a terminal means no limit, so that `grep` sees whole lines. */
export function widthOf({
  isTTY,
  columns,
}: {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}): number {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : Number.POSITIVE_INFINITY;
}

/** Breaks a text between words; a word longer than the width stands whole on a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A text cut to the width, with an ellipsis where something is missing. */
export function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** `name` in a column of its own, the text beside it, wrapped. */
export function field(
  name: string,
  text: string,
  { width, column }: { readonly width: number; readonly column: number },
): string {
  const [first = '', ...rest] = wrap(text, width - column);
  return [`${name.padEnd(column)}${first}`, ...rest.map((line) => `${' '.repeat(column)}${line}`)].join('\n');
}

const GAP = '  ';
/** The last column of a table is prose; narrower than this it goes under its row instead. */
const MIN_PROSE_WIDTH = 30;
const INDENT = 4;

/**
 * Rows of which the last cell is prose, sized to `width`: it wraps in its column, or goes below the row where there is no
 * room beside it.
 */
export function table(rows: readonly (readonly string[])[], width: number): string {
  const columns = Math.max(...rows.map((row) => row.length)) - 1;
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const taken = widths.reduce((sum, cell) => sum + cell + GAP.length, 0);
  const isBeside = width - taken >= MIN_PROSE_WIDTH;
  return rows
    .map((row) => {
      const head = widths.map((cell, at) => (row[at] ?? '').padEnd(cell)).join(GAP);
      const prose = row[columns] ?? '';
      if (isBeside) return field(head, prose, { width, column: taken }).trimEnd();
      return `${fit(head.trimEnd(), width)}\n${field('', prose, { width, column: INDENT })}`;
    })
    .join('\n');
}
