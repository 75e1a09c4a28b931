// An endpoint for webhooks on loopback.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

const DEADLINE_MS = 60_000;
const POLL_MS = 50;

/** Starts an endpoint; resolves to its url, what it got as {body, headers, event}, and close. */
export async function receiver() {
  const got = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString('utf8');
    got.push({ body, headers: request.headers, event: JSON.parse(body) });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    got,
    url: `http://127.0.0.1:${server.address().port}/hook`,
    close() {
      server.closeAllConnections();
      server.close();
    },
    /** Waits for an event; resolves to what came with it. */
    async receives(what, matches) {
      for (const deadline = Date.now() + DEADLINE_MS; ; ) {
        const found = got.find(({ event }) => matches(event));
        if (found) return found;
        if (Date.now() > deadline) throw new Error(`${what} did not come; these did: ${got.map(({ event }) => event.type)}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
  };
}
