import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { REJECT_REASONS, type RejectReason } from '../../event/sink.ts';

/** How the records of a batch were counted. */
export interface BatchCounts {
  readonly accepted: number;
  readonly filtered: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
}

/** A batch that was counted under a key. */
export interface KeyedBatch {
  readonly bodyHash: string;
  readonly counts: BatchCounts;
}

/** The keys of batches that were counted: digests only, as part of the durable state. */
export interface PushKeys {
  find(keyHash: string): KeyedBatch | undefined;
  note(keyHash: string, batch: KeyedBatch): void;
  /** Plain data for `saved` of a later run. */
  save(): readonly string[];
}

/** Senders retry for minutes, some for hours; what is tried again later than this is counted again. */
const KEPT_MS = 24 * 3_600_000;
/** Some 100 bytes each, here and on disk. */
const MAX_KEYS = 10_000;

/**
 * The key of an `Idempotency-Key` header, undefined when it is none. The draft (draft-ietf-httpapi-idempotency-key-header-07) has a quoted
 * string there; most senders leave the quotes out.
 */
export function parseKey(header: string): string | undefined {
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  return /^[\x20-\x7e]{1,255}$/.test(key) ? key : undefined;
}

/** Half a SHA-256, in 22 characters: nobody finds two bodies or keys with the same one. */
export function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url').slice(0, 22);
}

interface Kept extends KeyedBatch {
  readonly notedMs: number;
  /** How it is saved: made once, since state is written far more often than keys come. */
  readonly line: string;
}

/** What is not a saved key is passed over: another version may have written it. */
export function createPushKeys(clock: Clock, saved: unknown): PushKeys {
  const kept = new Map<string, Kept>();
  for (const line of Array.isArray(saved) ? saved : []) {
    const found = typeof line === 'string' ? readLine(line) : undefined;
    if (found !== undefined) kept.set(found.keyHash, found);
  }

  /** In the order they came, so the oldest are in front. */
  function forgetOld(): void {
    const oldestMs = clock.nowMs() - KEPT_MS;
    for (const [keyHash, { notedMs }] of kept) {
      if (notedMs >= oldestMs && kept.size <= MAX_KEYS) return;
      kept.delete(keyHash);
    }
  }

  return {
    find(keyHash) {
      forgetOld();
      return kept.get(keyHash);
    },
    note(keyHash, batch) {
      const notedMs = clock.nowMs();
      kept.set(keyHash, { ...batch, notedMs, line: writeLine(keyHash, notedMs, batch) });
      forgetOld();
    },
    save: () => Array.from(kept.values(), ({ line }) => line),
  };
}

/** `KEY BODY MS ACCEPTED FILTERED reason=N …`. */
function writeLine(keyHash: string, notedMs: number, { bodyHash, counts }: KeyedBatch): string {
  const rejected = Object.entries(counts.rejected).map(([reason, count]) => `${reason}=${count}`);
  return [keyHash, bodyHash, notedMs, counts.accepted, counts.filtered, ...rejected].join(' ');
}

const LINE =
  /^(?<keyHash>[\w-]{22}) (?<bodyHash>[\w-]{22}) (?<noted>\d+) (?<accepted>\d+) (?<filtered>\d+)(?<rejected>(?: \w+=\d+)*)$/;

function readLine(line: string): (Kept & { readonly keyHash: string }) | undefined {
  const { keyHash, bodyHash, noted, accepted, filtered, rejected } = LINE.exec(line)?.groups ?? {};
  if (keyHash === undefined || bodyHash === undefined) return undefined;
  const known = new Map(
    [...(rejected ?? '').matchAll(/(\w+)=(\d+)/g)].map(([, reason, count]) => [reason, Number(count)]),
  );
  const counts = {
    accepted: Number(accepted),
    filtered: Number(filtered),
    rejected: Object.fromEntries(REJECT_REASONS.flatMap((reason) => pairOf(reason, known.get(reason)))),
  };
  return { keyHash, bodyHash, notedMs: Number(noted), counts, line };
}

function pairOf(reason: RejectReason, count: number | undefined): readonly (readonly [RejectReason, number])[] {
  return count === undefined ? [] : [[reason, count]];
}
