import type { Clock } from '../../../clock.ts';
import type { LineWrapper } from '../../../config/schema-lines.ts';
import { isJsonObject, readJsonObject } from '../fields/json-object.ts';
import { createTimeReader } from '../fields/time.ts';
import type { LineParser, LineResult, LookAhead } from '../parsed-line.ts';

export interface WrapperOptions {
  readonly wrapper: LineWrapper;
  /** Longest record, put together of its pieces. */
  readonly maxLineBytes: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Builds the parser of what is inside; its clock tells the time that the runtime put beside the line. */
  readonly inside: (clock: Pick<Clock, 'nowMs'>) => LineParser;
}

/** One wrapped line taken apart. */
interface Piece {
  readonly stream: string;
  readonly time: string;
  readonly content: Buffer;
  /** The record ends here; more pieces follow where it does not. */
  readonly isLast: boolean;
}

/** A record that was begun. */
interface Begun {
  pieces: Buffer[];
  bytes: number;
}

/**
 * Takes off what a container runtime puts around each line, and joins what it cut: Docker and containerd both cut at 16 KiB.
 *
 * A line that only begins or continues a record is filtered, and the one that ends it is the record's, so every line counts once. Pieces
 * are held in memory, by stream, as those of stdout and stderr may lie between one another. After a restart in the middle of
 * a record its beginning is not there: what is left is no whole line of any format, and rejected as such.
 */
export function createUnwrapper({ wrapper, maxLineBytes, clock, inside }: WrapperOptions): LineParser {
  let timeMs: number | undefined;
  const parse = inside({ nowMs: () => timeMs ?? clock.nowMs() });
  if (wrapper === 'none') return parse;
  const readTime = createTimeReader('iso');
  const begun = new Map<string, Begun>();

  function join({ stream, content, isLast }: Piece): Buffer | 'filtered' | 'too_long' {
    // Streams are named by the line, so there are no more of them than a runtime has.
    const key = stream === 'stderr' ? 'stderr' : 'stdout';
    const former = begun.get(key);
    if (former === undefined && isLast) return content;
    const record = former ?? { pieces: [], bytes: 0 };
    begun.set(key, record);
    record.bytes += content.length;
    // Beyond the limit only the length is kept.
    if (record.bytes > maxLineBytes) record.pieces = [];
    else record.pieces.push(content);
    if (!isLast) return 'filtered';
    begun.delete(key);
    return record.bytes > maxLineBytes ? 'too_long' : Buffer.concat(record.pieces);
  }

  /** Lines that nothing is put around. */
  const ahead = wrapper === 'auto' ? parse.ahead : undefined;
  const plain: LookAhead | undefined = ahead && {
    read(piece) {
      if (mayBeWrapped(piece.bytes, piece.start)) return undefined;
      timeMs = undefined;
      return ahead.read({ ...piece, leavesWrapped: true });
    },
  };

  function unwrap(bytes: Buffer, start: number, end: number): LineResult {
    const piece = readPiece(bytes, start, end, wrapper);
    if (piece === undefined) {
      timeMs = undefined;
      return wrapper === 'auto' ? parse(bytes, start, end) : start === end ? 'filtered' : 'no_match';
    }
    const record = join(piece);
    if (typeof record === 'string') return record;
    timeMs = readTime(piece.time);
    return parse(record, 0, withoutCarriageReturn(record));
  }
  return Object.assign(unwrap, { ahead: plain });
}

/** What stands around one line. */
export function wrapperOf(line: Buffer): Exclude<LineWrapper, 'auto'> {
  if (readDocker(line, 0, line.length) !== undefined) return 'docker';
  return readCri(line, 0, line.length) === undefined ? 'none' : 'cri';
}

function readPiece(bytes: Buffer, start: number, end: number, wrapper: LineWrapper): Piece | undefined {
  const docker = wrapper === 'docker' || wrapper === 'auto' ? readDocker(bytes, start, end) : undefined;
  return docker ?? (wrapper === 'cri' || wrapper === 'auto' ? readCri(bytes, start, end) : undefined);
}

const DOCKER_BEGINS = Buffer.from('{"log":');

const LETTER_L = 0x6c;

/** Whether the first bytes are those of a wrapper; of most lines a look at one or two of them says no. */
function mayBeWrapped(bytes: Buffer, start: number): boolean {
  return bytes[start + 2] === LETTER_L || (bytes[start + 4] === DASH && bytes[start + 10] === T);
}

/** `{"log":"…\n","stream":"stdout","time":"…"}`: https://docs.docker.com/engine/logging/drivers/json-file/. Only a whole line ends in \n. */
function readDocker(bytes: Buffer, start: number, end: number): Piece | undefined {
  if (bytes.compare(DOCKER_BEGINS, 0, DOCKER_BEGINS.length, start, Math.min(end, start + DOCKER_BEGINS.length)) !== 0) {
    return undefined;
  }
  const wrapped = readJsonObject(bytes, start, end);
  if (!isJsonObject(wrapped)) return undefined;
  const { log, stream, time } = wrapped;
  if (typeof log !== 'string' || typeof stream !== 'string' || typeof time !== 'string') return undefined;
  const isLast = log.endsWith('\n');
  return { stream, time, isLast, content: Buffer.from(isLast ? log.slice(0, -1) : log) };
}

const DASH = 0x2d;
const T = 0x54;
/** What the head of a CRI line is at most: a time with nanoseconds and zone, a stream, tags. */
const MAX_CRI_HEAD = 80;
/** `2026-09-02T00:31:44.250Z stdout F …`: pkg/kubelet/kuberuntime/logs in Kubernetes. Tags are parted by `:`, the first is P or F. */
const CRI_HEAD = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([PF])(?::\S*)? /;

function readCri(bytes: Buffer, start: number, end: number): Piece | undefined {
  if (bytes[start + 4] !== DASH || bytes[start + 10] !== T) return undefined;
  const head = CRI_HEAD.exec(bytes.toString('latin1', start, Math.min(end, start + MAX_CRI_HEAD)));
  if (head === null) return undefined;
  const [all, time = '', stream = '', tag] = head;
  // A copy, as a piece outlives the reader's buffer.
  const content = Buffer.from(bytes.subarray(start + all.length, end));
  return { stream, time, isLast: tag === 'F', content };
}

function withoutCarriageReturn(record: Buffer): number {
  return record.at(-1) === 0x0d ? record.length - 1 : record.length;
}
