import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Arrival, type Lateness } from '../../../../../src/input/proxy/client/arrival.ts';

const look = (arrival: Arrival, nowMs: number, bytesRead = 0, isPaused = false): Lateness =>
  arrival.look({ nowMs, allowedMs: 100, bytesRead, isPaused });

describe('a head', () => {
  test('is awaited from the start, and is late at the bound, whatever comes of it', () => {
    const arrival = new Arrival(1000);
    assert.equal(arrival.awaitsHead, true);
    assert.equal(look(arrival, 1099, 5), 'in_time');
    assert.equal(look(arrival, 1100, 6), 'head_late');
  });

  test('that begins again and again has begun the first time', () => {
    const arrival = new Arrival(0);
    arrival.headEnds();
    assert.equal(arrival.awaitsHead, false);
    arrival.headBegins(500);
    arrival.headBegins(550);
    assert.equal(look(arrival, 599), 'in_time');
    assert.equal(look(arrival, 600), 'head_late');
  });
});

describe('a body', () => {
  const begun = (): Arrival => {
    const arrival = new Arrival(0);
    arrival.headEnds();
    assert.equal(look(arrival, 1000, 10), 'in_time');
    return arrival;
  };

  test('of which nothing comes is late at the bound', () => {
    const arrival = begun();
    assert.equal(look(arrival, 1099, 10), 'in_time');
    assert.equal(look(arrival, 1100, 10), 'body_late');
  });

  test('of which a byte comes from time to time is not', () => {
    const arrival = begun();
    for (let bytes = 11; bytes < 20; bytes += 1) assert.equal(look(arrival, 1000 + bytes * 99, bytes), 'in_time');
    assert.equal(look(arrival, 1000 + 19 * 99 + 100, 19), 'body_late');
  });

  test('has its time anew when it had to wait', () => {
    const arrival = begun();
    assert.equal(look(arrival, 5000, 10, true), 'in_time');
    assert.equal(look(arrival, 5099, 10), 'in_time');
    assert.equal(look(arrival, 5100, 10), 'body_late');
  });
});
