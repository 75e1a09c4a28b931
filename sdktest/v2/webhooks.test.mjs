// Webhooks in the dialect of node-sdk, compressed, and what its verifyWebhook says of them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { receiver } from '../receiver.mjs';
import { connect } from './herald.mjs';

const run = randomUUID().slice(0, 8);
const shop = { id: `shop-${run}`, name: 'The Shop' };
const ann = { id: `ann-${run}`, name: 'Ann', custom: { city: 'Delft' } };

describe('node-sdk: webhooks', { timeout: 300_000 }, () => {
  let client;
  let hook;

  before(async () => {
    client = connect();
    hook = await receiver();
    await client.upsertUsers([shop, ann]);
    await client.updateApp({
      enable_hook_payload_compression: true,
      event_hooks: [{ hook_type: 'webhook', webhook_url: hook.url, timestamp_format: 'unix_nano', event_types: ['campaign.completed', 'message.new'] }],
    });
  });

  after(async () => {
    await client.updateApp({ event_hooks: [], enable_hook_payload_compression: false });
    hook.close();
  });

  test('a campaign and its message are told of, and the signatures are verified', async () => {
    const id = `told-${run}`;
    await client.chat.createCampaign({
      id,
      sender_id: shop.id,
      user_ids: [ann.id],
      create_channels: true,
      message_template: { text: 'Hello {{ receiver.name }}', custom: { promo: 4 } },
    });
    await client.chat.startCampaign({ id });
    const completed = await hook.receives('campaign.completed', (e) => e.type === 'campaign.completed' && e.campaign.id === id);
    const sent = await hook.receives('message.new', (e) => e.type === 'message.new' && e.message.custom.campaign_id === id);

    for (const { body, headers } of [completed, sent]) {
      assert.equal(client.verifyWebhook(body, headers['x-signature']), true);
      assert.equal(client.verifyWebhook(`${body} `, headers['x-signature']), false);
      assert.match(body, /"created_at":\d{19},/);
    }
    assert.equal(completed.event.campaign.status, 'completed');
    assert.equal(sent.event.message.text, 'Hello Ann');
    assert.equal(sent.event.message.custom.promo, 4);
    assert.equal(sent.event.members.find(({ user_id }) => user_id === ann.id).user.custom.city, 'Delft');
  });
});
