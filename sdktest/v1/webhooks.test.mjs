// Webhooks in the dialect of stream-chat, and what its verifyWebhook says of them. The app's older form of a hook is used: the
// tests of node-sdk run at the same time and set event_hooks.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { receiver } from '../receiver.mjs';
import { connect } from './herald.mjs';

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

const run = randomUUID().slice(0, 8);
const shop = { id: `shop-${run}`, name: 'The Shop' };
const ann = { id: `ann-${run}`, name: 'Ann' };

describe('stream-chat: webhooks', { timeout: 300_000 }, () => {
  let client;
  let hook;

  before(async () => {
    client = connect();
    hook = await receiver();
    await client.upsertUsers([shop, ann]);
    await client.updateAppSettings({ webhook_url: hook.url, webhook_events: ['*'] });
  });

  after(async () => {
    await client.updateAppSettings({ webhook_url: '' });
    hook.close();
  });

  test('a campaign and its message are told of, and the signatures are verified', async () => {
    const campaign = client.campaign(`told-${run}`, {
      sender_id: shop.id,
      user_ids: [ann.id],
      create_channels: true,
      message_template: { text: 'Hello {{ receiver.name }}' },
    });
    await campaign.create();
    await campaign.start();
    const completed = await hook.receives('campaign.completed', (e) => e.type === 'campaign.completed' && e.campaign.id === campaign.id);
    const sent = await hook.receives('message.new', (e) => e.type === 'message.new' && e.message.campaign_id === campaign.id);

    for (const { body, headers, event } of [completed, sent]) {
      assert.equal(client.verifyWebhook(body, headers['x-signature']), true);
      assert.equal(client.verifyWebhook(`${body} `, headers['x-signature']), false);
      assert.equal(headers['x-api-key'], process.env.HERALD_API_KEY);
      assert.match(event.created_at, TIMESTAMP);
    }
    assert.equal(completed.event.campaign.status, 'completed');
    assert.equal(completed.event.campaign.stats.progress, 1);
    assert.equal(sent.event.message.text, 'Hello Ann');
    assert.equal(sent.event.user.name, 'The Shop');
    assert.deepEqual(sent.event.members.map(({ user_id }) => user_id).sort(), [ann.id, shop.id].sort());

    const ofCampaign = hook.got.map(({ event }) => event).filter((e) => e.campaign?.id === campaign.id);
    const seqs = ofCampaign.map(({ seq }) => seq);
    assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b));
    for (const type of ['campaign.created', 'campaign.started']) assert.ok(ofCampaign.some((e) => e.type === type), type);
  });
});
