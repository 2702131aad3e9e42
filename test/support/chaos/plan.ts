import { CAUSES, type Cause } from '../../../src/classify/causes.ts';
import { answers } from '../../../src/simulate/answers.ts';
import { between, type Random } from '../../../src/simulate/random.ts';

/** When a client leaves: in the middle of its body, some time after it, or behind so many pieces of the answer. */
export type Leave =
  | { readonly when: 'uploading' }
  | { readonly when: 'waiting'; readonly afterMs: number }
  | { readonly when: 'reading'; readonly pieces: number };

/** One request of the chaos, and how it will end: nothing about it is left to chance. */
export interface Plan {
  readonly model: string;
  readonly stream: boolean;
  readonly tokens: number;
  /** Value of `x-simulate-cause`. */
  readonly fault: string;
  /** The code of the answer; undefined: there never is one. */
  readonly code: number | undefined;
  readonly bodyBytes: number;
  /** A connection of its own, not a kept one. */
  readonly isFresh: boolean;
  /** The client stops reading for so long, again and again. */
  readonly pauseMs: number;
  readonly leave: Leave | undefined;
}

/** How busy and how slow the requests are. */
export interface Mood {
  readonly models: readonly string[];
  /** Longest answer. */
  readonly tokens: number;
  /** Longest wait before a fault shows. */
  readonly faultMs: number;
}

const FAULTS: readonly Cause[] = CAUSES.filter((cause) => cause !== 'none');
/** Whole answers are short: a long one would meet the simulated gateway's timeout, which is a fault of its own. */
const WHOLE_TOKENS = 3;

/** Draws a request: most are streams that go well, the others fail in every way the simulator knows; some clients leave. */
export function drawPlan(random: Random, { models, tokens, faultMs }: Mood): Plan {
  const chance = (share: number) => random() < share;
  const cause: Cause = chance(0.7) ? 'none' : (FAULTS[between(random, 0, FAULTS.length - 1)] ?? 'none');
  const stream = chance(0.85);
  const afterTokens = stream && chance(0.5) ? between(random, 1, 5) : undefined;
  const code = codeOf(cause, stream, afterTokens);
  return {
    model: models[between(random, 0, models.length - 1)] ?? '',
    stream,
    tokens: stream ? between(random, 6, tokens) : WHOLE_TOKENS,
    fault: [
      cause,
      `afterMs=${cause === 'none' ? 0 : between(random, 0, faultMs)}`,
      ...(afterTokens === undefined ? [] : [`afterTokens=${afterTokens}`]),
    ].join(),
    code,
    bodyBytes: chance(0.05) ? between(random, 50_000, 500_000) : between(random, 100, 4_000),
    isFresh: chance(0.2),
    pauseMs: chance(0.1) ? between(random, 10, 200) : 0,
    leave: code === undefined || chance(0.2) ? drawLeave(random, code) : undefined,
  };
}

function drawLeave(random: Random, code: number | undefined): Leave {
  const kind = random();
  if (kind < 0.2) return { when: 'uploading' };
  if (kind < 0.6 || code === undefined) return { when: 'waiting', afterMs: between(random, 0, 2_000) };
  return { when: 'reading', pieces: between(random, 1, 10) };
}

/** The code that the client must see. */
function codeOf(cause: Cause, stream: boolean, afterTokens: number | undefined): number | undefined {
  const answer = answers[cause];
  switch (answer.kind) {
    case 'success':
    case 'cut':
      return 200;
    case 'http':
      return afterTokens === undefined ? answer.status : 200;
    case 'timeout':
      return stream ? 200 : answer.answer.status;
    case 'hold':
      return undefined;
    case 'reset':
      return 502;
    default:
      return answer satisfies never;
  }
}
