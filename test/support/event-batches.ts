import type { EventBatch } from '../../src/event/event-batch.ts';
import type { RequestEvent } from '../../src/event/request-event.ts';

/** Puts events into batches as an input does. Kinds are remembered from batch to batch. */
export function createBatches(): (events: readonly RequestEvent[]) => EventBatch {
  const kinds: RequestEvent[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (event: RequestEvent) => {
    const key = keyOf(event);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, kinds.length);
    kinds.push({ ...event });
    return kinds.length - 1;
  };
  const column = (events: readonly RequestEvent[], read: (event: RequestEvent) => number | undefined) =>
    Float64Array.from(events, (event) => read(event) ?? Number.NaN);
  return (events) => ({
    length: events.length,
    kinds,
    kindOf: Int32Array.from(events, numberOf),
    timeMs: column(events, ({ timeMs }) => timeMs),
    durationSeconds: column(events, ({ durationSeconds }) => durationSeconds),
    firstTokenSeconds: column(events, ({ firstTokenSeconds }) => firstTokenSeconds),
    inputTokens: column(events, ({ tokens }) => tokens?.input),
    outputTokens: column(events, ({ tokens }) => tokens?.output),
    event: (index) => at(events, index),
    requestId: (index) => at(events, index).requestId,
  });
}

/** What events of one kind have in common: everything but the numbers, of which only whether they are there. */
function keyOf({ timeMs, durationSeconds, firstTokenSeconds, tokens, requestId, ...rest }: RequestEvent): string {
  const numbers = [durationSeconds, firstTokenSeconds, tokens?.input, tokens?.output, requestId];
  const isThere = numbers.map((value) => value !== undefined);
  const others = { ...tokens, input: 0, output: 0 };
  return JSON.stringify([rest, isThere, tokens !== undefined && others, Number.isFinite(timeMs)]);
}

function at(events: readonly RequestEvent[], index: number): RequestEvent {
  const event = events[index];
  if (event === undefined) throw new RangeError(`no event ${index} in a batch of ${events.length}`);
  return event;
}
