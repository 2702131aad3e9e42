import type { Catalogue, CauseEntry } from '../classify/catalogue.ts';
import { CAUSES, type Cause } from '../classify/causes.ts';

type Causes = Catalogue['causes'];

/**
 * What our own throttle refuses never reaches the API. Counted with its answers, requests that are shed on purpose would
 * look like an outage of the API, or hide one; callers are refused all the same, so the error budget counts them.
 */
export const OWN_REFUSALS: readonly Cause[] = ['shed_by_exporter'];

/** Causes that an API was seen to have with one of these status codes: what a page about the codes may name. */
export function causesWithCodes(causes: Causes, codes: readonly string[]): readonly CauseEntry[] {
  return CAUSES.filter((id) => !OWN_REFUSALS.includes(id))
    .map((id) => causes[id])
    .filter((entry) => entry.codes.some((code) => codes.includes(String(code))));
}

/** What the catalogue says of these causes. */
export function causesNamed(causes: Causes, names: readonly Cause[]): readonly CauseEntry[] {
  return names.map((name) => causes[name]);
}

/** Causes that spend the error budget: the provider or the platform must act, not the caller. */
export function failureCauses(causes: Causes): readonly Cause[] {
  return CAUSES.filter((id) => causes[id].owner === 'provider' || causes[id].owner === 'platform_ops');
}

/** What to do, in one line: whoever is woken may run the callers, the platform, or both. */
export function adviceLine({ advice }: CauseEntry): string {
  return `Callers: ${oneLine(advice.user)} Platform: ${oneLine(advice.ops)}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
