import { splitTemplate } from '../../../../config/log-format/log-template.ts';
import type { LogFormat, TextLayout } from '../../formats/log-format.ts';
import { isListVariable, isOneWord } from '../../formats/reader/template.ts';
import { type CompiledShape, compileShape, type Part } from '../compiled.ts';
import type { Meaning } from '../reading.ts';
import type { Space } from '../space.ts';

const PRINTABLE = /^[\x20-\x7e]*$/;
const NOTHING = Buffer.alloc(0);
/** After one of these a number has no end of its own. */
const GOES_ON = /^[\d.]/;

/**
 * The shape of lines that the first template of a format describes. Those of other templates are left to the slow reader, since they must not
 * fit the first. Undefined for a template with variables beside each other, or one name twice.
 */
export function createTextShape(
  layout: TextLayout,
  options: Meaning & { readonly format: LogFormat; readonly space: Space },
): CompiledShape | undefined {
  const [template = ''] = layout.templates;
  const pieces = splitTemplate(template);
  const names = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.variable]));
  if (names.length === 0 || new Set(names).size < names.length || !PRINTABLE.test(template)) return undefined;
  const head = typeof pieces[0] === 'string' ? pieces[0] : '';
  const parts: Part[] = [];
  for (const [at, piece] of pieces.entries()) {
    if (typeof piece === 'string') continue;
    const next = pieces[at + 1] ?? '';
    if (typeof next !== 'string' || GOES_ON.test(next)) return undefined;
    if (next !== '' && at + 2 === pieces.length && isOneWord(piece.variable)) return undefined;
    parts.push({
      writing: writingOf(piece.variable, next),
      place: piece.variable,
      after: next === '' ? NOTHING : Buffer.from(next),
    });
  }
  return compileShape({ ...options, isText: true, head: Buffer.from(head), parts, objects: [] });
}

function writingOf(variable: string, next: string): Part['writing'] {
  if (next === '') return 'rest';
  return isListVariable(variable) && !next.startsWith('"') ? 'list' : 'text';
}
