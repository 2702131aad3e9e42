import { test } from 'node:test';
import { runTrial } from '../support/kill/trial.ts';

// The short form; test/soak/kill.test.ts is the long one.

test('counts every line once, though it is killed again and again and the log is renamed, copied and compressed', (t) =>
  runTrial(t, { seed: 4, lives: 6, naming: 'numbered' }));

test('finds the dated files of rotations that it missed, though all of them begin alike', (t) =>
  runTrial(t, { seed: 5, lives: 4, naming: 'dated', probes: 12 }));
