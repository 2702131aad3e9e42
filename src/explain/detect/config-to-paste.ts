import { resolve } from 'node:path';
import { stringify } from 'yaml';
import type { LogReport } from './detect-log.ts';

/** Stands for standard input among names of files. */
export const STDIN = '-';

/** What logrotate and others put behind the name of a log that is over: `.1`, `-20260902`, `.gz`. */
const ROTATED = /(?:(?:\.\d{1,3}|-\d{8}(?:-?\d{2,10})?)(?:\.gz)?|\.gz)$/;

/** The part of a configuration that has `serve` read these logs, as YAML; empty when no format fits any of them. */
export function configToPaste(reports: readonly LogReport[], provider: string): string {
  const fitting = new Map(reports.filter(({ fits }) => fits).map((report) => [followedFile(report.file), report]));
  const stdin = fitting.get(STDIN);
  fitting.delete(STDIN);
  const logs = Array.from(fitting, ([file, report]) => ({ file, ...lineConfig(report, provider) }));
  if (logs.length === 0 && stdin === undefined) return '';
  return stringify(
    {
      ...(logs.length > 0 && { logs }),
      ...(stdin !== undefined && { stdin: lineConfig(stdin, provider) }),
    },
    { lineWidth: 0 },
  );
}

/** A rotated log is not written any more; the one that is has its name without the ending. */
function followedFile(file: string): string {
  return file === STDIN ? file : resolve(file).replace(ROTATED, '');
}

function lineConfig({ reading }: LogReport, provider: string) {
  const { format, logFormat, wrapper } = reading ?? {};
  return { provider, format, log_format: logFormat, wrapper: wrapper === 'none' ? undefined : wrapper };
}
