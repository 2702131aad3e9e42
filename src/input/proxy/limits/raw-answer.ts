import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.ts';
import type { RequestEvent } from '../../../event/request-event.ts';
import type { ProxySink } from '../../../event/sink.ts';
import { type OwnAnswer, wireForm, writeAnswer } from '../own-answer.ts';
import { type Guard, openGuarded, UNCLASSIFIED } from '../tap/guard.ts';

export interface RawAnswerContext {
  readonly sink: Pick<ProxySink, 'open'>;
  readonly clock: Clock;
  readonly guard: Guard;
  /** Value of the provider label. */
  readonly provider: string;
}

/** Answers and counts what is no request that could be served. The connection is still to be closed. */
export function answerRaw(socket: Socket, answer: OwnAnswer, context: RawAnswerContext): void {
  const cause = count(answer, context);
  if (socket.writable) socket.write(wireForm(writeAnswer(answer, { cause }), context.clock.nowMs()), 'latin1');
}

/** Returns its cause. */
function count(answer: OwnAnswer, context: RawAnswerContext): string {
  const { clock, guard, provider } = context;
  const { status: code, origin, code: errorCode, type, message } = answer;
  const live = openGuarded(context, provider);
  const event: RequestEvent = {
    ...{ timeMs: clock.nowMs(), provider, code, origin, phase: 'request', attempt: 0, final: true },
    error: { code: errorCode, type, message },
  };
  const cause = guard('cause', UNCLASSIFIED, () => live.judge(event).cause);
  guard('event', undefined, () => live.end(event));
  return cause;
}
