import type { MixinSettings } from './settings.ts';
import type { AlertName, Severity } from './thresholds.ts';

export type LongWindow = '1h' | '6h' | '1d' | '3d';
export type ShortWindow = '5m' | '30m' | '2h' | '6h';

/** The error budget is spent so many times as fast as it may be, over a long window and, to end soon after the errors, a short one. */
export interface Burn {
  readonly name: AlertName;
  readonly severity: Severity;
  /** The windows are no settings: a factor fits only its own. */
  readonly long: LongWindow;
  readonly short: ShortWindow;
  readonly factor: number;
  readonly minBad: number;
  readonly forSeconds: number;
  readonly keepFiringSeconds: number;
}

/** The burns that have alerts, those of one alert together. */
export function burns({ thresholds }: MixinSettings): Readonly<Record<'fast' | 'medium', Burn>> & {
  readonly slow: readonly [Burn, Burn];
} {
  const { slowFactor, ...day } = thresholds.LLMErrorBudgetBurnSlow.warning;
  const slow = { name: 'LLMErrorBudgetBurnSlow', severity: 'warning', ...day } as const;
  const { LLMErrorBudgetBurnFast: fast, LLMErrorBudgetBurnMedium: medium } = thresholds;
  return {
    fast: { name: 'LLMErrorBudgetBurnFast', severity: 'critical', long: '1h', short: '5m', ...fast.critical },
    medium: { name: 'LLMErrorBudgetBurnMedium', severity: 'critical', long: '6h', short: '30m', ...medium.critical },
    slow: [
      { ...slow, long: '1d', short: '2h' },
      { ...slow, long: '3d', short: '6h', factor: slowFactor },
    ],
  };
}

/** Share of all answers that may fail. */
export function errorBudget({ slo }: MixinSettings): number {
  return Number((1 - slo.objective).toPrecision(6));
}

/** What is failing when a burn begins. */
export function burnLimit(settings: MixinSettings, { factor }: Pick<Burn, 'factor'>): number {
  return Number((factor * errorBudget(settings)).toPrecision(6));
}
