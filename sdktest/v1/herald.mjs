// Where the Herald under test is, and how these tests wait for it.

import { StreamChat } from 'stream-chat';

/** Longest wait for a campaign to reach a status. Generous: a busy two-core machine must not fail a right server. */
const DEADLINE_MS = 60_000;
const POLL_MS = 100;

/**
 * A server-side stream-chat client for HERALD_API_URL, HERALD_API_KEY and HERALD_API_SECRET.
 * Throws when one of them is missing: a skipped run would look like a passed one.
 */
export function connect() {
  const missing = ['HERALD_API_URL', 'HERALD_API_KEY', 'HERALD_API_SECRET'].filter((name) => !process.env[name]);
  if (missing.length > 0) {
    throw new Error(`set ${missing.join(', ')}: these tests need a running Herald`);
  }

  const client = new StreamChat(process.env.HERALD_API_KEY, process.env.HERALD_API_SECRET);
  // Set afterwards and not as an option: the constructor lets STREAM_LOCAL_TEST_HOST win over the option.
  client.setBaseURL(process.env.HERALD_API_URL.replace(/\/+$/, ''));
  return client;
}

/** Gets the campaign until it has the status; resolves to it. Rejects at the deadline with what was seen last. */
export async function reaches(campaign, status) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const { campaign: seen } = await campaign.get();
    if (seen.status === status) return seen;
    if (Date.now() > deadline) {
      throw new Error(`campaign ${seen.id} is not ${status} after ${DEADLINE_MS} ms: ${seen.status}, ${JSON.stringify(seen.stats)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Matches the error stream-chat throws for an API error: for use with assert.rejects. */
export function apiError(status, code, message = /./) {
  return { name: 'ErrorFromResponse', status, code, message };
}
