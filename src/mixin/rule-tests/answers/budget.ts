import type { AlertRule, PackContext } from '../../alert.ts';
import type { RuleTest } from '../promtool.ts';
export function fastBurnTests(_c: PackContext, _r: AlertRule): readonly RuleTest[] {
  return [];
}
export function mediumBurnTests(_c: PackContext, _r: AlertRule): readonly RuleTest[] {
  return [];
}
export function slowBurnTests(_c: PackContext, _r: readonly AlertRule[]): { tests: readonly RuleTest[] } {
  return { tests: [] };
}
export function lowVolumeTests(_c: PackContext, _r: AlertRule): { tests: readonly RuleTest[] } {
  return { tests: [] };
}
