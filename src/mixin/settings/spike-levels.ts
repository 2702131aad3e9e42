import { percent } from '../share.ts';
import { type MixinSettings, type SpikeSeverity, scaled } from './settings.ts';

export const SPIKE_ALERTS = ['LLMApi503Spike', 'LLMApi503SpikeSevere', 'LLMApi504Spike'] as const;
export type SpikeAlert = (typeof SPIKE_ALERTS)[number];

/** A share of answers with one status code that is worth a notification. */
export interface SpikeLevel {
  readonly share: number;
  readonly minBad: number;
  readonly minTotal: number;
  /** With a baseline it fires below `share` too, from the floor on, when the share is so many times the model's own usual level. */
  readonly baselineFloor?: number;
  readonly baselineFactor?: number;
  readonly forSeconds: number;
  readonly keepFiringSeconds: number;
}

/** Levels by severity, the mildest first. */
export function levelsOf(
  { thresholds }: MixinSettings,
  name: SpikeAlert,
): readonly (readonly [severity: SpikeSeverity, level: SpikeLevel])[] {
  const levels: Readonly<Partial<Record<SpikeSeverity, SpikeLevel>>> = thresholds[name];
  return (['warning', 'critical'] as const).flatMap((severity) => {
    const level = levels[severity];
    return level === undefined ? [] : [[severity, level] as const];
  });
}

export function codesOf({ spikeCodes }: MixinSettings, name: SpikeAlert): readonly [string, ...string[]] {
  return spikeCodes[name === 'LLMApi504Spike' ? name : 'LLMApi503Spike'];
}

/** Models that a level leaves out. */
export function neverAt(settings: MixinSettings, severity: SpikeSeverity): readonly string[] {
  return severity === 'critical' ? settings.neverCriticalModels : [];
}

/** A level in words, for comments and runbooks. */
export function describeLevel(settings: MixinSettings, severity: SpikeSeverity, level: SpikeLevel): string {
  const { share, minBad, minTotal, baselineFloor, baselineFactor } = level;
  const window = scaled(settings, settings.windowSeconds[severity]);
  const never = neverAt(settings, severity).map((model) => ` Never for model "${model}".`);
  const relative =
    baselineFloor === undefined
      ? ''
      : `, or above ${percent(baselineFloor)} and ${baselineFactor} times the model's own usual level`;
  return `Above ${percent(share)} of the answers of ${window}${relative}; at least ${minBad} bad ones among at least ${minTotal}.${never.join('')}`;
}
