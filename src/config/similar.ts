/** As many as are useful to somebody who mistyped. */
const MAX_SUGGESTIONS = 6;
/** Share of a name that may be wrong. */
const MAX_WRONG = 0.4;

/** Names that `wanted` may have meant: those that contain it, else those that differ from it in few letters; nearest first. */
export function similarNames(wanted: string, names: readonly string[]): readonly string[] {
  const word = wanted.toLowerCase();
  const containing = names.filter((name) => word !== '' && name.includes(word));
  if (containing.length > 0) return containing.slice(0, MAX_SUGGESTIONS);
  return names
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .filter(({ name, distance }) => distance <= name.length * MAX_WRONG)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_SUGGESTIONS)
    .map(({ name }) => name);
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
