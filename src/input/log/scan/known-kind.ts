import type { RequestEvent, TokenUsage } from '../../../event/request-event.ts';
import type { Column } from './slot.ts';
import type { KnownKind, Space } from './space.ts';

/** An event that is used again for each line. */
type ReusedEvent = { -readonly [K in keyof RequestEvent]: RequestEvent[K] };
type ReusedTokens = { -readonly [K in keyof TokenUsage]: TokenUsage[K] };

/** The line that an event was filled with last, and its request id once it was asked for. One for all: events of one shape for the engine. */
const now: { kind: KnownKind | undefined; lineAt: number; requestId: string | undefined; isRead: boolean } = {
  ...{ kind: undefined, lineAt: 0, requestId: undefined, isRead: true },
};

/**
 * A kind of lines that differ only in their times, numbers and ids, by what the rules made of one of them. Its event is used again for
 * each, and its id is made when it is asked for.
 */
export function createKind(
  { timeMs, lineAt, ...columns }: Pick<Space, 'timeMs' | 'lineAt' | Column>,
  result: RequestEvent,
  requestId: KnownKind['requestId'],
): KnownKind {
  const tokens = result.tokens === undefined ? undefined : { ...result.tokens };
  const event = reusedEvent(result, tokens);
  const isKnown = (value: number | undefined): value is number => value !== undefined && value >= 0;
  const kind: KnownKind = {
    event,
    requestId,
    fill(row) {
      const [duration, firstToken] = [columns.durationSeconds[row], columns.firstTokenSeconds[row]];
      const [input, output] = [columns.inputTokens[row], columns.outputTokens[row]];
      event.timeMs = timeMs[row] ?? 0;
      if (isKnown(duration)) event.durationSeconds = duration;
      if (isKnown(firstToken)) event.firstTokenSeconds = firstToken;
      if (tokens !== undefined && isKnown(input)) tokens.input = input;
      if (tokens !== undefined && isKnown(output)) tokens.output = output;
      now.kind = kind;
      now.lineAt = lineAt[row] ?? 0;
      now.isRead = false;
    },
  };
  return kind;
}

/** Key by key, as an object loses its fast form when a value in it becomes a getter. */
function reusedEvent(event: RequestEvent, tokens: ReusedTokens | undefined): ReusedEvent {
  const entries = Object.entries(event).map(([key, value]): [string, PropertyDescriptor] => {
    if (key === 'requestId') return [key, { get: requestIdNow, enumerable: true }];
    return [key, { value: key === 'tokens' ? tokens : value, writable: true, enumerable: true, configurable: true }];
  });
  // Safe: it has every key of the event, and values of the same types.
  return Object.defineProperties({}, Object.fromEntries(entries)) as ReusedEvent;
}

function requestIdNow(): string | undefined {
  if (!now.isRead) now.requestId = now.kind?.requestId(now.lineAt);
  now.isRead = true;
  return now.requestId;
}
