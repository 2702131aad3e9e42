import { once } from 'node:events';
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Plan } from './plan.ts';

/** What a client knows of a request of its own when it is over. */
export type Seen =
  /** The code of an answer that ended, or was broken off by the other side. */
  | { readonly kind: 'answered'; readonly code: number }
  /** The client left. Unless that is certain, the end may have been on its way, and then it was as planned. */
  | { readonly kind: 'left'; readonly isCertain: boolean }
  /** Nothing of this was planned. */
  | { readonly kind: 'failed'; readonly why: string };

/** Far beyond what any plan takes: whatever is not over by then hangs. */
const STUCK_MS = 90_000;

/** Carries out a plan against a base URL. Never rejects. */
export async function call(url: string, plan: Plan, agent: Agent): Promise<Seen> {
  const run = new Run(url, plan, agent);
  return run.outcome();
}

class Run {
  readonly #plan: Plan;
  readonly #request: ClientRequest;
  readonly #body: Buffer;
  #hasLeft = false;
  /** How far it has come, to say where it broke. */
  #place = 'before the answer';

  constructor(url: string, plan: Plan, agent: Agent) {
    this.#plan = plan;
    const { model, stream, tokens, fault, bodyBytes } = plan;
    const messages = [{ role: 'user', content: 'x'.repeat(bodyBytes) }];
    this.#body = Buffer.from(JSON.stringify({ model, stream, max_tokens: tokens, messages }));
    this.#request = request(`${url}/v1/chat/completions`, {
      method: 'POST',
      agent: plan.isFresh ? false : agent,
      headers: {
        ...{ 'content-type': 'application/json', 'content-length': this.#body.length },
        ...{ authorization: 'Bearer k', 'x-simulate-cause': fault },
      },
    });
  }

  async outcome(): Promise<Seen> {
    const stuck = setTimeout(() => this.#request.destroy(new Error('stuck')), STUCK_MS);
    try {
      const code = await this.#exchange();
      // It may have left in the same moment.
      return this.#hasLeft ? this.#left() : { kind: 'answered', code };
    } catch (error) {
      if (this.#hasLeft) return this.#left();
      return { kind: 'failed', why: `${error instanceof Error ? error.message : String(error)} ${this.#place}` };
    } finally {
      clearTimeout(stuck);
    }
  }

  #left(): Seen {
    const { leave, code } = this.#plan;
    // Half a request has no answer, and some requests never have one.
    return { kind: 'left', isCertain: leave?.when === 'uploading' || code === undefined };
  }

  async #exchange(): Promise<number> {
    const { leave } = this.#plan;
    // Without a listener, an error that comes when nobody awaits anything would end the process.
    this.#request.on('error', () => undefined);
    const answered = once(this.#request, 'response');
    answered.catch(() => undefined);
    if (leave?.when === 'uploading') await this.#leaveHalfway();
    this.#request.end(this.#body);
    if (leave?.when === 'waiting') {
      // Only what has gone out is sure to be counted.
      await once(this.#request, 'finish');
      setTimeout(() => this.#leave(), leave.afterMs).unref();
    }
    // The event's one argument is the answer.
    const [answer] = (await answered) as [IncomingMessage];
    await this.#read(answer);
    return answer.statusCode ?? 0;
  }

  async #leaveHalfway(): Promise<void> {
    const half = this.#body.subarray(0, this.#body.length / 2);
    await new Promise<void>((resolve, reject) => {
      this.#request.once('error', reject);
      this.#request.write(half, () => resolve());
    });
    this.#leave();
    throw new Error('left');
  }

  /** To the end, or to where the other side breaks off. */
  async #read(answer: IncomingMessage): Promise<void> {
    const { leave, pauseMs } = this.#plan;
    let pieces = 0;
    try {
      for await (const _ of answer) {
        pieces += 1;
        this.#place = `after ${pieces} pieces of a ${answer.statusCode}`;
        if (leave?.when === 'reading' && pieces === leave.pieces) this.#leave();
        if (pauseMs > 0) await wait(pauseMs);
      }
    } catch (error) {
      if (!isCut(error)) throw error;
    }
  }

  #leave(): void {
    this.#hasLeft = true;
    this.#request.destroy();
  }
}

function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
}
