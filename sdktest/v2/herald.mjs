// @stream-io/node-sdk, connected to the Herald under test.

import assert from 'node:assert/strict';

import { StreamClient } from '@stream-io/node-sdk';

import { reaches as campaignReaches, server } from '../server.mjs';

/** Of a request; the SDK's own 3 s are for a production server, not for a busy two-core machine. */
const TIMEOUT_MS = 10_000;

/** A server-side client. */
export function connect() {
  const { url, key, secret } = server();
  return new StreamClient(key, secret, { basePath: url, timeout: TIMEOUT_MS });
}

/** Gets the campaign until it has the status; resolves to it. */
export function reaches(client, id, status) {
  return campaignReaches(() => client.chat.getCampaign({ id }), status);
}

/** Matches the error node-sdk throws for an API error: for use with assert.rejects. */
export function apiError(status, code, message = /./) {
  return (error) => {
    assert.equal(error.metadata?.responseCode, status, error.message);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

/** Asserts that the SDK decoded a time: an integer on the wire becomes a valid Date. */
export function assertTime(value, what) {
  assert.ok(value instanceof Date && !Number.isNaN(value.getTime()), `${what}: ${value}`);
  assert.ok(Math.abs(value.getTime() - Date.now()) < 366 * 24 * 3_600_000, `${what} is ${value.toISOString()}`);
}

/** An object without what only the SDK added to an answer. */
export function answer({ metadata, duration, ...rest }) {
  assert.match(duration, /^\d+\.\d\dms$/);
  assert.equal(metadata.rateLimit.rateLimit, 1_000_000);
  assert.ok(metadata.rateLimit.rateLimitReset > new Date());
  return rest;
}
