import type { LogReport } from '../../explain/detect/detect-log.ts';
import { field } from './layout.ts';
import type { Look } from './verdict.ts';

const COLUMN = 14;

/** What was found out about one log, as a person reads it. */
export function formatLogReport(report: LogReport, { width, style }: Look): string {
  const rows = [...readingRows(report), ...fieldRows(report), ...shapeRows(report)];
  const lines = rows.map(([name, text]) =>
    field(`  ${name}`, text, { width, column: COLUMN }).replace(name, style('cyan', name)),
  );
  return [style('bold', report.file), ...lines, ''].join('\n');
}

type Row = readonly [name: string, text: string];

function readingRows({ reading, fits, lines, isWhole, events, filtered, rejected }: LogReport): readonly Row[] {
  const format =
    reading === undefined
      ? 'none that is known'
      : `${fits ? '' : 'none; closest is '}${reading.format}: ${reading.title} (fits ${Math.floor(reading.confidence * 100)} % of the lines)`;
  const counts = Object.entries(rejected).map(([reason, count]) => `${reason} × ${count}`);
  return [
    ['format', format],
    ...(reading === undefined || reading.wrapper === 'none' ? [] : [['wrapper', reading.wrapper] as const]),
    ['lines', `${lines}${isWhole ? '' : ', from the beginning and the end of a longer log'}`],
    ['requests', String(events)],
    ['other paths', String(filtered)],
    ['rejected', counts.length === 0 ? '0' : counts.join(', ')],
  ];
}

function fieldRows({ fields }: LogReport): readonly Row[] {
  const told = fields.filter(({ told }) => told > 0);
  const missing = fields.filter(({ told }) => told === 0);
  const names = told.map(({ field, told, of }) => (told === of ? field : `${field} (${told} of ${of})`));
  const harmless = missing.filter(({ advice }) => advice === undefined).map(({ field }) => field);
  return [
    ...(names.length === 0 ? [] : [['fields', names.join(', ')] as const]),
    ...missing.flatMap(({ field, advice }) =>
      advice === undefined ? [] : [['missing', `${field}: ${advice}`] as const],
    ),
    ...(harmless.length === 0 ? [] : [['missing', harmless.join(', ')] as const]),
  ];
}

function shapeRows({ shapes }: LogReport): readonly Row[] {
  return shapes.map(({ reason, shape, seen }) => ['looks like', `${shape}  (${reason} × ${seen})`] as const);
}
