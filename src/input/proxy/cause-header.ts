import type { Clock } from '../../clock.ts';
import type { AttemptListener } from './attempt.ts';
import { CAUSE_HEADER } from './own-answer.ts';
import { MAX_HELD_ANSWER_BYTES, MAX_HOLD_MS } from './retry/screen.ts';
import { createGathered } from './tap/gathered.ts';
import type { AnswerHead } from './upstream/call.ts';

export interface CauseHeaderOptions {
  /** The client. */
  readonly listener: AttemptListener;
  readonly clock: Clock;
  /** Nobody waits any more. */
  readonly isOver: () => boolean;
  /** What an answer of this status, all of which has come, is counted as. */
  readonly causeOf: (status: number, found: (cause: string) => void) => void;
}

/**
 * Adds the cause of an upstream's error to its headers. The cause is in the body, as a rule, so the head waits for the end of the body; a body
 * that is long or slow passes without the header. Successes and streams never wait.
 */
export function addCause({ listener, clock, isOver, causeOf }: CauseHeaderOptions): AttemptListener {
  const body = createGathered();
  let held: AnswerHead | undefined;
  let cancel = (): void => undefined;

  function release(cause?: string): void {
    const head = held;
    if (head === undefined) return;
    held = undefined;
    cancel();
    if (isOver()) return;
    listener.head(cause === undefined ? head : withCause(head, cause));
    const bytes = body.bytes();
    if (bytes.length > 0) listener.data(bytes);
  }

  return {
    ...listener,
    head(head) {
      if (head.status < 400 || isStream(head)) {
        listener.head(head);
        return;
      }
      held = head;
      cancel = clock.after(MAX_HOLD_MS, () => release());
    },
    data(chunk) {
      if (held === undefined) return listener.data(chunk);
      if (body.bytes().length + chunk.length <= MAX_HELD_ANSWER_BYTES) {
        body.push(chunk);
        return true;
      }
      release();
      return listener.data(chunk);
    },
    end(trailers) {
      if (held === undefined) {
        listener.end(trailers);
        return;
      }
      cancel();
      causeOf(held.status, (cause) => {
        release(cause);
        if (!isOver()) listener.end(trailers);
      });
    },
    failed(code, message) {
      release();
      listener.failed(code, message);
    },
  };
}

function isStream({ headers }: AnswerHead): boolean {
  return headers.some(
    (value, at) => at % 2 === 1 && isNamed(headers, at, 'content-type') && /^text\/event-stream/i.test(value),
  );
}

/** Another exporter on the way may have said its own. */
function withCause(head: AnswerHead, cause: string): AnswerHead {
  const headers = head.headers.filter((_, at) => !isNamed(head.headers, at | 1, CAUSE_HEADER));
  return { ...head, headers: [...headers, CAUSE_HEADER, cause] };
}

/** Whether the value that stands at `at` in flat headers is of this name. */
function isNamed(headers: readonly string[], at: number, name: string): boolean {
  return headers[at - 1]?.toLowerCase() === name;
}
