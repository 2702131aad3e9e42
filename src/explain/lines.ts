/** Where one line lies in a buffer, without its line ending; numbered from 1 as editors do. */
export interface LinePlace {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

const LF = 0x0a;
const CR = 0x0d;

/** The lines of a text; a last one without its newline counts, the nothing behind a last newline does not. */
export function* lines(text: Buffer): Generator<LinePlace> {
  let start = 0;
  for (let number = 1; start < text.length; number += 1) {
    const newline = text.indexOf(LF, start);
    const next = newline === -1 ? text.length : newline;
    yield { number, start, end: next > start && text[next - 1] === CR ? next - 1 : next };
    start = next + 1;
  }
}
