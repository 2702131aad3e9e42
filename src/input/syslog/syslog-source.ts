import type { RejectReason, SourceSink } from '../../event/sink.ts';
import type { LineParser } from '../log/parsed-line.ts';
import { rejectedShape } from '../log/rejected-shape.ts';
import { FrameReader, type Rest } from './frame-reader.ts';
import { contentOf } from './message.ts';

/** Under which rules messages are read. */
export interface SyslogRules {
  readonly sink: SourceSink;
  /** Builds a reader of messages. Each connection needs its own, as it remembers what it read before. */
  readonly parserFor: (sink: SourceSink) => LineParser;
  readonly maxLineBytes: number;
}

/** Bytes of one TCP or unix connection. */
export interface SyslogStream {
  push(chunk: Buffer): void;
  /** The sender closed in good order. */
  finish(): void;
  /** The connection broke. */
  abandon(): void;
}

/** Where messages become lines and lines become events, whichever way they came. */
export interface SyslogSource {
  /** Other rules from here on, for what was begun as well. Another sink takes the place of the one before, which is closed. */
  reconfigure(rules: Partial<SyslogRules>): void;
  /** One datagram is one message. */
  datagram(bytes: Buffer): void;
  /** `onLost` is called when only a new connection can bring sender and reader in step again. */
  stream(onLost: () => void): SyslogStream;
  /** Datagrams that the kernel dropped; 0 begins the counter. */
  lost(messages: number): void;
  setUp(up: boolean): void;
  close(): void;
}

export function createSyslogSource(initial: SyslogRules): SyslogSource {
  let rules = initial;
  let isUp = false;
  const rulesNow = () => rules;
  const readDatagram = createReader(rulesNow);

  function setUp(up: boolean): void {
    isUp = up;
    rules.sink.status({ up, lagBytes: 0 });
  }

  return {
    reconfigure(next) {
      const former = rules.sink;
      rules = { ...rules, ...next };
      if (rules.sink === former) return;
      setUp(isUp);
      former.close();
    },
    datagram(bytes) {
      rules.sink.read(bytes.length, 1);
      readDatagram(bytes, 0, bytes.length);
    },
    stream: (onLost) => createStream(rulesNow, onLost),
    lost: (messages) => rules.sink.lost(messages),
    setUp,
    close: () => rules.sink.close(),
  };
}

/** Reads the messages of one sender, each under the rules of the moment. */
function createReader(rulesNow: () => SyslogRules): (bytes: Buffer, start: number, end: number) => void {
  let rules = rulesNow();
  let parse = rules.parserFor(rules.sink);
  return (bytes, start, end) => {
    if (rules !== rulesNow()) {
      rules = rulesNow();
      parse = rules.parserFor(rules.sink);
    }
    const { sink, maxLineBytes } = rules;
    const content = contentOf(bytes, start, end);
    if (content === undefined) {
      sink.reject('invalid_frame', () => rejectedShape(bytes, start, end));
      return;
    }
    const result = end - start > maxLineBytes ? 'too_long' : parse(bytes, content.start, content.end);
    if (typeof result === 'object') sink.event(result);
    else if (result === 'filtered') sink.filtered();
    else sink.reject(result, () => rejectedShape(bytes, content.start, content.end));
  };
}

/** The bytes of a frame that is not whole yet are told with the chunk they came in, so that nothing is left to tell when it never is. */
function createStream(rulesNow: () => SyslogRules, onLost: () => void): SyslogStream {
  const read = createReader(rulesNow);
  let lines = 0;
  const reject = (reason: RejectReason) => {
    lines += 1;
    rulesNow().sink.reject(reason);
  };
  const frames = new FrameReader({
    maxMessageBytes: rulesNow().maxLineBytes,
    onMessage(bytes, start, end) {
      lines += 1;
      read(bytes, start, end);
    },
    onTooLong: () => reject('too_long'),
    onInvalid: () => reject('invalid_frame'),
    onLost,
  });
  const tell = (bytes: number) => {
    rulesNow().sink.read(bytes, lines);
    lines = 0;
  };
  const end = (rest: Rest) => {
    if (rest !== 'nothing') reject(rest);
    if (lines > 0) tell(0);
  };
  return {
    push(chunk) {
      frames.maxMessageBytes = rulesNow().maxLineBytes;
      frames.push(chunk);
      tell(chunk.length);
    },
    finish: () => end(frames.finish()),
    abandon: () => end(frames.abandon()),
  };
}
