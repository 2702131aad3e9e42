import type { Duplex } from 'node:stream';
import type { Clock } from '../../../clock.ts';
import type { RequestEvent } from '../../../event/request-event.ts';
import type { ProxySink } from '../../../event/sink.ts';
import { type OwnAnswer, wireForm, writeAnswer } from '../own-answer.ts';

export interface RawAnswerContext {
  readonly sink: Pick<ProxySink, 'open'>;
  readonly clock: Clock;
  /** Value of the provider label. */
  readonly provider: string;
}

/** Answers and counts a request for which node:http made no response object. The connection is still to be closed. */
export function answerRaw(socket: Duplex, answer: OwnAnswer, { sink, clock, provider }: RawAnswerContext): void {
  const { status: code, origin, code: errorCode, type, message } = answer;
  const live = sink.open({ provider });
  const event: RequestEvent = {
    ...{ timeMs: clock.nowMs(), provider, code, origin, phase: 'request', attempt: 0, final: true },
    error: { code: errorCode, type, message },
  };
  const { cause } = live.judge(event);
  live.end(event);
  socket.on('error', () => socket.destroy());
  socket.write(wireForm(writeAnswer(answer, { cause })));
}
