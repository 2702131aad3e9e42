import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianProgram } from '../../../src/demo/programs.ts';
import type { Reader } from './follow.ts';

/** One way to count the log in mtail's language: by model, code and cause, and durations by model. */
export interface MtailProgram {
  readonly name: string;
  readonly text: string;
}

/** mtail as it comes, with one program. */
export function mtailReader({ name, text }: MtailProgram): Reader {
  return {
    name: `mtail, ${name}`,
    async command(log, folder) {
      const programs = join(folder, `mtail-${name.replaceAll(' ', '-')}`);
      await mkdir(programs, { recursive: true });
      await writeFile(join(programs, 'requests.mtail'), text);
      const options = ['-address=127.0.0.1', '-logtostderr', `-progs=${programs}`, `-logs=${log}`];
      return {
        command: await debianProgram('mtail'),
        args: async (port) => [...options, `-port=${port}`],
      };
    },
  };
}

const BUCKETS = 'buckets 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 300, 600';

/** What a program counts: `least` by model, code and cause; `same` the same series and times as ours, of the same paths. */
type Extent = 'least' | 'same';

const METRICS: Readonly<Record<Extent, string>> = {
  least: `counter llm_requests_total by model, code, cause
histogram llm_request_duration_seconds by model ${BUCKETS}`,
  same: `counter llm_requests_total by model, code, cause, stream
histogram llm_request_duration_seconds by model, outcome, stream ${BUCKETS}`,
};

/** The cause is that of the code: mtail knows no more. */
function countFor(extent: Extent, stream: string): string {
  const more = extent === 'same' ? `[${stream}]` : '';
  const one = (cause: string, outcome: string) => `llm_requests_total[$model][$code]["${cause}"]${more}++
llm_request_duration_seconds[$model]${extent === 'same' ? `["${outcome}"]${more}` : ''} = $seconds`;
  return `$code < 400 {
${one('none', 'success')}
} else {
  $code == 429 {
${one('rate_limit', 'error')}
  } else {
    $code == 503 {
${one('overloaded', 'error')}
    } else {
${one('other', 'error')}
    }
  }
}`;
}

interface Written {
  readonly extent: Extent;
  readonly patterns: readonly string[];
  /** How the time is written, where it is read. */
  readonly time?: string;
  /** The value of the label. */
  readonly stream?: string;
}

function program(name: string, { extent, patterns, time, stream = '"unknown"' }: Written): MtailProgram {
  const count = `${time === undefined ? '' : `strptime($time, "${time}")\n`}${countFor(extent, stream)}`;
  const body = patterns.reduceRight((inner, pattern) => `/${pattern}/ {\n${inner}\n}`, count);
  return { name, text: `${METRICS[extent]}\n${body}\n` };
}

const QUOTED = '"[^"]*"';
const PATHS = '\\/v1\\/(?:chat\\/completions|embeddings)';
const ISO = '2006-01-02T15:04:05-07:00';

const STATUS = '"status":(?P<code>\\d+),';
const MODEL = '"model":"(?P<model>[^"]*)"';
const SECONDS = '"request_time":(?P<seconds>[0-9.]+)';

/** Ways to write it, of which the fastest counts: a pattern for each value, one for all of them, one anchored along the whole line. */
export const JSON_PROGRAMS: Readonly<Record<Extent, readonly MtailProgram[]>> = {
  least: [
    program('a pattern for each value', { extent: 'least', patterns: [STATUS, MODEL, SECONDS] }),
    program('one pattern', { extent: 'least', patterns: [`${STATUS}.*${SECONDS},.*${MODEL}`] }),
    program('one anchored pattern', {
      extent: 'least',
      patterns: [
        `^\\{"time":${QUOTED},"remote_addr":${QUOTED},"method":${QUOTED},"uri":${QUOTED},${STATUS}"bytes_sent":\\d+,` +
          `${SECONDS},"upstream_status":${QUOTED},"upstream_connect_time":${QUOTED},"upstream_header_time":${QUOTED},${MODEL},`,
      ],
    }),
  ],
  same: [
    program('a pattern for each value', {
      ...{ extent: 'same', time: ISO, stream: '$stream' },
      patterns: [
        `"uri":"${PATHS}"`,
        ...[STATUS, MODEL, SECONDS, '"stream":"(?P<stream>[^"]*)"', '"time":"(?P<time>[^"]*)"'],
      ],
    }),
    program('one anchored pattern', {
      ...{ extent: 'same', time: ISO, stream: '$stream' },
      patterns: [
        `^\\{"time":"(?P<time>[^"]*)","remote_addr":${QUOTED},"method":${QUOTED},"uri":"${PATHS}",${STATUS}"bytes_sent":\\d+,` +
          `${SECONDS},"upstream_status":${QUOTED},"upstream_connect_time":${QUOTED},"upstream_header_time":${QUOTED},${MODEL},` +
          '"stream":"(?P<stream>[^"]*)",',
      ],
    }),
  ],
};

const TEXT_END = '" (?P<seconds>\\d+\\.\\d+) "(?P<model>[^"]*)" \\S+$';

export const TEXT_PROGRAMS: Readonly<Record<Extent, readonly MtailProgram[]>> = {
  least: [
    program('two patterns', { extent: 'least', patterns: ['" (?P<code>\\d+) ', TEXT_END] }),
    program('one anchored pattern', {
      extent: 'least',
      patterns: [
        `^\\S+ - \\S+ \\[[^\\]]+\\] ${QUOTED} (?P<code>\\d{3}) \\d+ ${QUOTED} ${QUOTED.slice(0, -1)}${TEXT_END}`,
      ],
    }),
  ],
  same: [
    program('two patterns', {
      ...{ extent: 'same', time: '02/Jan/2006:15:04:05 -0700' },
      patterns: [`\\[(?P<time>[^\\]]+)\\] "POST ${PATHS}[^"]*" (?P<code>\\d+) `, TEXT_END],
    }),
    program('one anchored pattern', {
      ...{ extent: 'same', time: '02/Jan/2006:15:04:05 -0700' },
      patterns: [
        `^\\S+ - \\S+ \\[(?P<time>[^\\]]+)\\] "POST ${PATHS}[^"]*" (?P<code>\\d{3}) \\d+ ${QUOTED} ${QUOTED.slice(0, -1)}${TEXT_END}`,
      ],
    }),
  ],
};
