import type { SourceSink } from '../../event/sink.ts';
import { counted, type PushAnswer, refusal, retryLater } from './answer.ts';
import { type ReadBatchOptions, readBatch } from './batch.ts';
import type { LineRate } from './line-rate.ts';
import { type BatchCounts, hash, type PushKeys } from './push-keys.ts';

/** A whole body, and under which rules it counts. */
export interface Delivery extends ReadBatchOptions {
  readonly keyHash: string | undefined;
  readonly sink: SourceSink;
  readonly rate: LineRate;
}

export interface BatchCounterOptions {
  readonly keys: PushKeys;
  /** Resolves when all that is counted by now outlives the process. */
  readonly durable: () => Promise<unknown>;
  /** The last state is being written: what is counted from here on would be lost although its sender was told 200. */
  readonly isClosed: () => boolean;
}

/** Counts bodies; one with a key counts once, however often it comes and however its tries overlap. */
export function createBatchCounter({ keys, durable, isClosed }: BatchCounterOptions) {
  /** Batches that are being read, by their key: a second one waits until the first has counted, or has failed. */
  const underWay = new Map<string, Promise<unknown>>();

  return async function count(delivery: Delivery): Promise<PushAnswer> {
    const { keyHash } = delivery;
    if (keyHash === undefined) return countBatch(delivery, () => {});
    while (underWay.has(keyHash)) await underWay.get(keyHash);
    const bodyHash = hash(delivery.body);
    const known = keys.find(keyHash);
    if (known !== undefined && known.bodyHash !== bodyHash) {
      return refusal('key_reused', 'this Idempotency-Key has come with another body before');
    }
    if (known !== undefined) {
      // The answer to the first may still wait for the disk, and this one promises no less.
      await durable();
      return counted(known.counts, true);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    underWay.set(keyHash, promise);
    const over = () => {
      if (underWay.get(keyHash) === promise) underWay.delete(keyHash);
      resolve();
    };
    const note = (counts: BatchCounts) => {
      keys.note(keyHash, { bodyHash, counts });
      over();
    };
    return countBatch(delivery, note).finally(over);
  };

  /** `note` is called in the same step that counts, so that no snapshot holds one without the other. */
  async function countBatch(delivery: Delivery, note: (counts: BatchCounts) => void): Promise<PushAnswer> {
    const batch = await readBatch(delivery);
    if ('kind' in batch) return refusal(batch.kind, batch.reason);
    if (isClosed()) return retryLater('unavailable', 'the exporter is stopping', 1000);
    delivery.rate.take(batch.records);
    batch.count(delivery.sink);
    note(batch.counts);
    await durable();
    return counted(batch.counts, false, batch.firstRejected);
  }
}
