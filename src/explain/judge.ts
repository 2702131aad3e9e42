import type { Catalogue, CauseEntry } from '../classify/catalogue.ts';
import type { Basis, Cause, Owner, Retryable } from '../classify/causes.ts';
import { classify } from '../classify/classify.ts';
import type { Origin, RequestEvent } from '../event/request-event.ts';
import { createAdmission, UNKNOWN } from '../metrics/record/model-admission.ts';
import { providerByName } from '../provider/known.ts';

/** All there is to say about one request. Made of the catalogue's words and of label values, never of a body or a key. */
export interface Verdict {
  readonly cause: Cause;
  readonly summary: string;
  readonly basis: Basis;
  readonly rule: string;
  /** Why the rule is as it is; absent for a success, and where no rule applied. */
  readonly note: string | undefined;
  readonly origin: Origin;
  readonly owner: Owner;
  readonly retryable: Retryable;
  readonly advice: CauseEntry['advice'];
  readonly source: string;
  /** How `llm_requests_total` would count it. */
  readonly labels: Readonly<Record<'provider' | 'model' | 'code' | 'cause' | 'stream', string>>;
}

/** Says of an event what the exporter would. */
export type Judge = (event: RequestEvent) => Verdict;

/** A judge that remembers: models are admitted as they prove themselves, one after the other. */
export function createJudge(catalogue: Catalogue): Judge {
  const notes = new Map(catalogue.rules.map(({ id, note }) => [id, note]));
  const admission = createAdmission({ onOverflow: () => undefined });
  admission.configure({ providers: {}, modelLimit: Number.POSITIVE_INFINITY });
  return (event) => {
    const gatewayTimeoutSeconds = providerByName(event.provider)?.gatewayTimeoutSeconds;
    const { cause, basis, rule } = classify(event, catalogue, { gatewayTimeoutSeconds });
    const { summary, owner, retryable, advice, source, provesModel, ...entry } = catalogue.causes[cause];
    const provider = admission.provider(event.provider);
    return {
      ...{ cause, summary, basis, rule, note: notes.get(rule) },
      // "The provider" is what an answer says that says nothing: then the catalogue knows better.
      origin: event.origin === undefined || event.origin === 'provider' ? entry.origin : event.origin,
      ...{ owner, retryable, advice, source },
      labels: {
        provider,
        model: admission.model(provider, event.model, provesModel),
        code: String(event.code),
        cause,
        stream: event.stream === undefined ? UNKNOWN : String(event.stream),
      },
    };
  };
}
