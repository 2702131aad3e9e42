import type { Clock } from '../../clock.ts';
import type { LineFormat, LineWrapper } from '../../config/schema-lines.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import type { RejectReason } from '../../event/sink.ts';
import { detectFormat } from '../../input/log/formats/detect.ts';
import { createLineParser } from '../../input/log/formats/line-parser.ts';
import type { LineResult } from '../../input/log/parsed-line.ts';
import { rejectedShape } from '../../input/log/rejected-shape.ts';
import type { LogSample } from './log-sample.ts';
import { type FieldReport, reportFields } from './told-fields.ts';

/** How a log is read: found out, or given. */
export interface LogReading {
  readonly format: LineFormat;
  readonly logFormat?: string | undefined;
  readonly wrapper: LineWrapper;
  /** For people: `nginx combined`. */
  readonly title: string;
  /** Share of the lines that fit it; 1 when it was given. */
  readonly confidence: number;
}

/** What some rejected lines looked like, and nothing of what they said. */
export interface ShapeReport {
  readonly reason: RejectReason;
  readonly shape: string;
  readonly seen: number;
}

/** What `serve` would make of a log, by a sample of it. */
export interface LogReport {
  readonly file: string;
  /** Looked at: events + filtered + rejected. Of a line with several records each counts, as for `serve`. */
  readonly lines: number;
  /** These were all the lines there are. */
  readonly isWhole: boolean;
  /** The format that fits best, however badly; undefined when none makes a request of any line. */
  readonly reading: LogReading | undefined;
  /** It fits well enough to be configured. */
  readonly fits: boolean;
  readonly events: number;
  readonly filtered: number;
  /** By reason. */
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** The most frequent. */
  readonly shapes: readonly ShapeReport[];
  readonly fields: readonly FieldReport[];
}

const MAX_SHAPES = 5;
/** Below it most lines would be rejected. */
const MIN_CONFIDENCE = 0.5;

export interface DetectOptions {
  readonly file: string;
  /** Given, and so not to be found out. */
  readonly given?: Pick<LogReading, 'format' | 'logFormat'> | undefined;
  readonly provider: string;
  readonly clock: Clock;
}

/** Finds out how a log is written and tries it on the sample. */
export function detectLog(sample: LogSample, options: DetectOptions): LogReport {
  const reading = readingOf(sample, options);
  const nowMs = options.clock.nowMs();
  const trial = (include: 'llm' | 'all') =>
    // A clock that stands still: by its time the lines are known that have none of their own.
    tryReading(sample, reading, { ...options, include, clock: { ...options.clock, nowMs: () => nowMs } });
  const { events, filtered, rejections } = trial('llm');
  // Of a log without LLM requests there is still to tell what it would say of them.
  const told = events.length > 0 ? events : trial('all').events;
  return {
    file: options.file,
    lines: events.length + filtered + rejections.length,
    isWhole: sample.isWhole,
    reading,
    fits: reading !== undefined && reading.confidence >= MIN_CONFIDENCE && events.length + filtered > 0,
    events: events.length,
    filtered,
    rejected: Object.fromEntries(
      [...Map.groupBy(rejections, ({ reason }) => reason)].map(([reason, all]) => [reason, all.length]),
    ),
    shapes: mostFrequent(rejections),
    fields: reading === undefined ? [] : reportFields(told, { unknownTimeMs: nowMs, format: reading.format }),
  };
}

function readingOf({ lines }: LogSample, { given }: DetectOptions): LogReading | undefined {
  const found = detectFormat(lines);
  if (given !== undefined) return { ...given, wrapper: found?.wrapper ?? 'none', title: given.format, confidence: 1 };
  return found;
}

type Rejection = Omit<ShapeReport, 'seen'>;

interface Trial {
  readonly events: readonly RequestEvent[];
  readonly filtered: number;
  readonly rejections: readonly Rejection[];
}

function tryReading(
  { lines }: LogSample,
  reading: LogReading | undefined,
  { provider, include, clock }: Pick<DetectOptions, 'provider' | 'clock'> & { readonly include: 'llm' | 'all' },
): Trial {
  const { format = 'auto', logFormat, wrapper } = reading ?? {};
  const events: RequestEvent[] = [];
  const rejections: Rejection[] = [];
  let filtered = 0;
  let current: Buffer = Buffer.alloc(0);
  const count = (result: LineResult) => {
    if (typeof result === 'object') events.push(result);
    else if (result === 'filtered') filtered += 1;
    else rejections.push({ reason: result, shape: rejectedShape(current, 0, current.length) });
  };
  const parse = createLineParser({ format, logFormat, wrapper, provider, include, clock, also: count });
  for (const line of lines) {
    current = line;
    count(parse(line, 0, line.length));
  }
  return { events, filtered, rejections };
}

function mostFrequent(rejections: readonly Rejection[]): readonly ShapeReport[] {
  const groups = Map.groupBy(rejections, ({ reason, shape }) => `${reason} ${shape}`);
  return [...groups.values()]
    .flatMap((group) => group.slice(0, 1).map((first) => ({ ...first, seen: group.length })))
    .sort((a, b) => b.seen - a.seen)
    .slice(0, MAX_SHAPES);
}
