/**
 * Reads a list of path patterns in which a `*` stands for anything, and answers whether a path fits one of them. Not a regular
 * expression: paths come from clients, and `/a*a*a*` must not cost more than one look along the path.
 */
export function createPathTest(patterns: readonly string[]): (path: string) => boolean {
  const compiled = patterns.map((pattern) => pattern.split('*'));
  return (path) => compiled.some((pieces) => fits(path, pieces));
}

/** The first piece begins the path, the last ends it, and those between follow one another: the leftmost places always do. */
function fits(path: string, pieces: readonly string[]): boolean {
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return path === first;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  for (const piece of others) {
    const found = path.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return path.length - last.length >= at && path.endsWith(last);
}
