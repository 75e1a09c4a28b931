// Where the Herald under test is, and how the tests of both dialects wait for it.

/** Longest wait for a campaign to reach a status. Generous: a busy two-core machine must not fail a right server. */
const DEADLINE_MS = 60_000;
const POLL_MS = 100;

/**
 * The server of HERALD_API_URL, HERALD_API_KEY and HERALD_API_SECRET, the URL without a slash at its end.
 * Throws when one of them is missing: a skipped run would look like a passed one.
 */
export function server() {
  const missing = ['HERALD_API_URL', 'HERALD_API_KEY', 'HERALD_API_SECRET'].filter((name) => !process.env[name]);
  if (missing.length > 0) {
    throw new Error(`set ${missing.join(', ')}: these tests need a running Herald`);
  }
  return {
    url: process.env.HERALD_API_URL.replace(/\/+$/, ''),
    key: process.env.HERALD_API_KEY,
    secret: process.env.HERALD_API_SECRET,
  };
}

/** Gets a campaign until it has the status; resolves to it. Rejects at the deadline with what was seen last. */
export async function reaches(get, status) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const { campaign: seen } = await get();
    if (seen.status === status) return seen;
    if (Date.now() > deadline) {
      throw new Error(`campaign ${seen.id} is not ${status} after ${DEADLINE_MS} ms: ${seen.status}, ${JSON.stringify(seen.stats)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
