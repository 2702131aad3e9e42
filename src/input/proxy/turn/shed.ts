import type { OwnAnswer } from '../own-answer.ts';

/** Why a request got no turn, and what its client is told. */
const MESSAGES = {
  queue_full: 'too many requests wait for their turn, and this one is not of a higher priority',
  queue_timeout: 'this request has waited as long as the queue allows',
} as const;
export type ShedReason = keyof typeof MESSAGES;

const RETRY_AFTER_SECONDS = 2;
/** Those who were shed together should not come back together. */
const RETRY_JITTER_SECONDS = 3;

/** The answer to a request that got no turn. The API was not asked. */
export function shedAnswer(reason: ShedReason, random: () => number = Math.random): OwnAnswer {
  return {
    status: 503,
    origin: 'exporter',
    code: `shed_${reason}`,
    type: 'service_unavailable',
    message: `llm-exporter holds back requests to this API: ${MESSAGES[reason]}`,
    retryAfterSeconds: RETRY_AFTER_SECONDS + Math.floor(random() * (RETRY_JITTER_SECONDS + 1)),
  };
}
