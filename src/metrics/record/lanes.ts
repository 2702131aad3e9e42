import type { Traffic, TrafficObserver } from '../../classify/inference/traffic-observer.ts';
import type { KnownContext } from '../../classify/inference/traffic-state.ts';
import type { RequestEvent } from '../../event/request-event.ts';
import { OTHER } from '../cell-set.ts';
import type { Meter } from './meter.ts';
import { type Admission, UNKNOWN } from './model-admission.ts';

/** Where the events of one provider and model, with one value of stream, are learned from and counted. */
export interface Lane {
  readonly provider: string;
  /** Label and series of the model; undefined while it has no label of its own, as each event may prove it. */
  readonly counted: { readonly model: string; readonly meter: Meter } | undefined;
  /** All events with the same names have this lane, until `forget`. */
  readonly isLasting: boolean;
  readonly traffic: () => Traffic;
  /** What is known of a request beside its event, where nobody counts those under way. */
  readonly known: KnownContext;
}

export interface Lanes {
  of(event: RequestEvent): Lane;
  /** After the configuration changed. */
  forget(): void;
}

export interface LanesOptions {
  readonly admission: Admission;
  readonly observer: TrafficObserver;
  readonly meterOf: (provider: string, model: string, stream: boolean | undefined) => Meter;
  readonly gatewayTimeoutSeconds: (provider: string) => number | undefined;
}

/** By the model that events name. */
type ByModel = Map<string | undefined, Lane>;
type ByStream = Readonly<Record<'yes' | 'no' | 'unknown', ByModel>>;

/**
 * Finds the lane of an event by the names that it has itself. Only those are remembered that are their own labels, which is nearly all of
 * them: an admitted label never changes or goes, and their number is bounded as that of labels is.
 */
export function createLanes(options: LanesOptions): Lanes {
  const { admission, observer, meterOf, gatewayTimeoutSeconds } = options;
  const byProvider = new Map<string, ByStream>();
  let latestName = '';
  let latest = newLanes();

  function lanesOf(name: string): ByStream {
    if (name === latestName) return latest;
    latest = byProvider.get(name) ?? newLanes();
    latestName = name;
    return latest;
  }

  function meet({ provider: name, model: named, stream }: RequestEvent, lanes: ByStream): Lane {
    const provider = admission.provider(name);
    const model = admission.model(provider, named, false);
    const counted = model === OTHER ? undefined : { model, meter: meterOf(provider, model, stream) };
    const known = Object.freeze({ gatewayTimeoutSeconds: gatewayTimeoutSeconds(provider), inFlight: undefined });
    const isLasting = counted !== undefined && model === (named ?? UNKNOWN) && provider === name;
    const lane: Lane = { provider, counted, isLasting, known, traffic: observer.hold(provider, model) };
    if (!isLasting) return lane;
    lanes[keyOf(stream)].set(named, lane);
    byProvider.set(name, lanes);
    return lane;
  }

  return {
    of(event) {
      const { provider, model, stream } = event;
      const lanes = lanesOf(provider);
      return lanes[keyOf(stream)].get(model) ?? meet(event, lanes);
    },
    forget() {
      byProvider.clear();
      latestName = '';
      latest = newLanes();
    },
  };
}

function keyOf(stream: boolean | undefined): keyof ByStream {
  return stream === undefined ? 'unknown' : stream ? 'yes' : 'no';
}

function newLanes(): ByStream {
  return { yes: new Map(), no: new Map(), unknown: new Map() };
}
