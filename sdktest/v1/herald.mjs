// stream-chat, connected to the Herald under test.

import { StreamChat } from 'stream-chat';

import { reaches as campaignReaches, server } from '../server.mjs';

/** A server-side client. */
export function connect() {
  const { url, key, secret } = server();
  const client = new StreamChat(key, secret);
  // Set afterwards and not as an option: the constructor lets STREAM_LOCAL_TEST_HOST win over the option.
  client.setBaseURL(url);
  return client;
}

/** Gets the campaign until it has the status; resolves to it. */
export function reaches(campaign, status) {
  return campaignReaches(() => campaign.get(), status);
}

/** Matches the error stream-chat throws for an API error: for use with assert.rejects. */
export function apiError(status, code, message = /./) {
  return { name: 'ErrorFromResponse', status, code, message };
}
