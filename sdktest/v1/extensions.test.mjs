// What goes wrong easily with stream-chat, and how it calls Herald's extensions: it has no methods for them, so a program goes
// through those with which the SDK makes all its requests.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { apiError, connect, reaches } from './herald.mjs';

const DAY_MS = 24 * 3_600_000;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

const run = randomUUID().slice(0, 8);
const shop = { id: `shop-${run}`, name: 'The Shop' };
const ann = { id: `ann-${run}`, name: 'Ann', country: 'US' };

describe('stream-chat: slips and extensions', { timeout: 300_000 }, () => {
  let client;
  before(async () => {
    client = connect();
    await client.upsertUsers([shop, ann]);
  });

  const drafted = async (name, more = {}) => {
    const campaign = client.campaign(`${name}-${run}`);
    await client.createCampaign({
      id: campaign.id, sender_id: shop.id, user_ids: [ann.id], create_channels: true, message_template: { text: 'Hi {{ receiver.name }}' }, ...more,
    });
    return campaign;
  };

  test('start with a plain string starts at once, with an object on time', async () => {
    const slip = await drafted('slip');
    const { campaign: started } = await slip.start(new Date(Date.now() + DAY_MS).toISOString()); // the SDK reads no key of a string and sends {}
    assert.ok(['in_progress', 'completed'].includes(started.status), started.status);
    assert.equal(started.scheduled_for, undefined);
    await reaches(slip, 'completed');
    const right = await drafted('right');
    const scheduledFor = new Date(Date.now() + DAY_MS).toISOString();
    const { campaign: scheduled } = await right.start({ scheduledFor, stopAt: new Date(Date.now() + 2 * DAY_MS).toISOString() });
    assert.equal(scheduled.status, 'scheduled');
    await Promise.all([slip.delete(), right.delete()]);
  });

  test('pause, resume, test, preview, audience, recipients, moves', async () => {
    const campaign = await drafted('extended');
    const at = (what) => `${client.baseURL}/campaigns/${campaign.id}/${what}`;
    const { previews } = await client.post(at('preview'), { user_ids: [ann.id] });
    assert.deepEqual(previews.map(({ status, message }) => [status, message.text]), [['ok', 'Hi Ann']]);
    const { count, estimate } = await client.post(at('audience'));
    assert.deepEqual([count, estimate], [1, false]);
    const { recipients: tested, results } = await client.post(at('test'), { user_ids: [ann.id] });
    assert.deepEqual([tested[0].status, results], ['sent', { [ann.id]: 'sent' }]);

    await campaign.start({ scheduledFor: new Date(Date.now() + DAY_MS).toISOString() });
    const { campaign: paused } = await client.post(at('pause'), { reason: 'wait' });
    assert.deepEqual([paused.status, paused.paused, paused.pause_reason], ['scheduled', true, 'wait']);
    assert.match(paused.paused_at, TIMESTAMP);
    const { campaign: resumed } = await client.patch(at('resume'));
    assert.deepEqual([resumed.paused, resumed.paused_at, resumed.pause_reason], [false, null, '']);
    await campaign.start();
    await reaches(campaign, 'completed');
    const { recipients } = await client.get(at('recipients'), { status: 'sent' });
    assert.deepEqual(recipients.map(({ user_id: id }) => id), [ann.id]);
    const { moves } = await client.get(at('moves'));
    assert.deepEqual(moves.map(({ action }) => action).slice(0, 3), ['schedule', 'pause', 'resume']);
    const { workflow_id: workflow } = await client.get(at('execution'));
    assert.match(workflow, new RegExp(`^campaign/\\d+/${campaign.id}$`));
    await campaign.delete();
    await assert.rejects(client.get(at('recipients')), apiError(404, 16));
  });

  test('upsertUser, createUserSegment, createChannelSegment', async () => {
    const { users } = await client.upsertUser(ann);
    assert.equal(users[ann.id].country, 'US');
    const { segment: ofUsers } = await client.createUserSegment(`users-${run}`, { name: 'U', filter: { country: 'US' } });
    assert.deepEqual([ofUsers.type, ofUsers.name, ofUsers.filter], ['user', 'U', { country: 'US' }]);
    const { segment: ofChannels } = await client.createChannelSegment(`channels-${run}`, { all_sender_channels: true });
    assert.deepEqual([ofChannels.type, ofChannels.all_sender_channels], ['channel', true]);
    for (const { id } of [ofUsers, ofChannels]) await client.deleteSegment(id);
  });
});
