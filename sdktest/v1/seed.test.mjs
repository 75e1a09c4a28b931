// A first campaign as stream-chat's own documentation writes it: users, a segment by filter, a campaign, its life.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { apiError, connect, reaches } from './herald.mjs';

const HOUR_MS = 3_600_000;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;
const TEXT = "Hi {{ receiver.name }} I'm {{ sender.name }}!";

const run = randomUUID().slice(0, 8);
const cohort = `cohort-${run}`;
const sender = { id: `sender-${run}`, name: 'Sofía of the Shop', role: 'user' };
const members = ['Ana Souza', 'Дмитрий Орлов', 'محمد العلي', '王芳', 'O\'Brien & "Sons" <x>'].map((name, i) => ({
  id: `member-${run}-${i}`,
  name,
  role: 'user',
  language: ['pt', 'ru', 'ar', 'zh', 'en'][i],
  team: 'commonteam',
  cohort,
  orders: i,
}));
const outsider = { id: `outsider-${run}`, name: 'Nobody’s Member', role: 'user', team: 'otherteam' };

const greeting = (receiver) => `Hi ${receiver.name} I'm ${sender.name}!`;

describe('stream-chat: a campaign to a segment', { timeout: 300_000 }, () => {
  let client;

  before(async () => {
    client = connect();
    const answer = await client.upsertUsers([sender, outsider, ...members]);
    for (const user of [sender, outsider, ...members]) {
      const got = answer.users[user.id];
      for (const [key, value] of Object.entries(user)) assert.deepEqual(got[key], value, `${user.id}: ${key}`);
      assert.match(got.created_at, TIMESTAMP);
    }
  });

  /**
   * A segment from the answer of create(): the object's own id stays null after it. Without an id the data is the second
   * argument; what happens to a third one is a test of its own.
   */
  async function createSegment(data) {
    const segment = client.segment('user', data);
    const { segment: created } = await segment.create();
    assert.ok(created.id, 'the answer has the id');
    assert.equal(segment.id, null);
    return client.segment('user', created.id, created);
  }

  function newCampaign(segment, more = {}) {
    return client.campaign({
      segment_ids: [segment.id],
      sender_id: sender.id,
      create_channels: true,
      message_template: { text: TEXT },
      ...more,
    });
  }

  /** The one channel of exactly sender and receiver, and the campaign's messages in it. */
  async function delivered(receiver, campaignId) {
    const channels = await client.queryChannels(
      { type: 'messaging', members: { $eq: [sender.id, receiver.id] } },
      [{ last_message_at: -1 }],
      { message_limit: 30 },
    );
    assert.equal(channels.length, 1, `channels of ${receiver.id}`);
    const messages = channels[0].state.messages.filter((message) => message.campaign_id === campaignId);
    return { channel: channels[0], messages };
  }

  test('the seed example: everybody of team commonteam', async () => {
    const segment = await createSegment({ filter: { team: 'commonteam' } });
    const { segment: stored } = await segment.get();
    assert.equal(stored.type, 'user');
    assert.deepEqual(stored.filter, { team: 'commonteam' });

    const campaign = newCampaign(segment, { name: `seed ${run}` });
    const { campaign: draft } = await campaign.create();
    assert.equal(campaign.id, draft.id, 'create() takes over the id of the answer');
    assert.equal(draft.status, 'draft');
    assert.equal(draft.sender_id, sender.id);
    assert.equal(draft.sender.name, sender.name);
    assert.equal(draft.create_channels, true);
    assert.equal(draft.message_template.text, TEXT);
    assert.deepEqual(draft.segment_ids, [segment.id]);
    assert.deepEqual(draft.segments.map(({ id }) => id), [segment.id]);
    assert.deepEqual(draft.users, []);
    assert.equal(draft.stats.progress, 0);
    assert.match(draft.created_at, TIMESTAMP);

    const { campaign: started } = await campaign.start();
    assert.ok(['in_progress', 'completed'].includes(started.status), started.status);
    const { stats } = await reaches(campaign, 'completed');

    // Others on this server may be in the team too, so here totals are compared with each other.
    assert.equal(stats.progress, 1);
    assert.ok(stats.stats_messages_sent >= members.length, `sent ${stats.stats_messages_sent}`);
    assert.equal(stats.stats_users_sent, stats.stats_messages_sent);
    assert.equal(
      stats.stats_recipients_total,
      stats.stats_messages_sent + stats.stats_messages_failed + stats.stats_messages_skipped,
    );
    assert.match(stats.stats_started_at, TIMESTAMP);
    assert.match(stats.stats_completed_at, TIMESTAMP);
    assert.ok(stats.stats_started_at <= stats.stats_completed_at);

    for (const receiver of members) {
      const { channel, messages } = await delivered(receiver, campaign.id);
      assert.deepEqual(messages.map(({ text }) => text), [greeting(receiver)]);
      assert.equal(messages[0].user.id, sender.id);
      assert.equal(messages[0].type, 'regular');
      assert.deepEqual(Object.keys(channel.state.members).sort(), [receiver.id, sender.id].sort());
    }

    // An application that asks for the conversation of the two lands in the campaign's channel.
    const { channel } = await delivered(members[0], campaign.id);
    const conversation = client.channel('messaging', { members: [sender.id, members[0].id], created_by_id: sender.id });
    await conversation.query({ messages: { limit: 30 } });
    assert.equal(conversation.cid, channel.cid);
    assert.ok(conversation.state.messages.some(({ text }) => text === greeting(members[0])));

    const strangers = await client.queryChannels({ members: { $eq: [sender.id, outsider.id] } });
    assert.deepEqual(strangers, [], 'a user of another team got nothing');

    await campaign.delete();
    await assert.rejects(campaign.get(), apiError(404, 16));
    await segment.delete();
    await assert.rejects(segment.get(), apiError(404, 16));
  });

  test('sent, created and skipped are exact, and a second campaign finds the channels', async () => {
    const segment = await createSegment({ filter: { cohort } });

    const first = newCampaign(segment);
    await first.create();
    await first.start();
    const { stats } = await reaches(first, 'completed');
    assert.equal(stats.stats_recipients_total, members.length);
    assert.equal(stats.stats_messages_sent, members.length);
    assert.equal(stats.stats_messages_failed + stats.stats_messages_skipped, 0);

    const second = newCampaign(segment, {
      message_template: { text: '{% if receiver.orders > 2 %}Thank you{% else %}Welcome{% endif %}, {{ receiver.name }}' },
    });
    await second.create();
    await second.start();
    const { stats: again } = await reaches(second, 'completed');
    assert.equal(again.stats_messages_sent, members.length);
    assert.equal(again.stats_channels_created, 0);

    for (const receiver of members) {
      const { messages } = await delivered(receiver, second.id);
      const opening = receiver.orders > 2 ? 'Thank you' : 'Welcome';
      assert.deepEqual(messages.map(({ text }) => text), [`${opening}, ${receiver.name}`]);
    }

    await assert.rejects(second.start(), apiError(400, 4, /completed/));
    await Promise.all([first.delete(), second.delete()]);
    await segment.delete();
  });

  test('scheduled, stopped, deleted: nobody gets anything', async () => {
    const segment = await createSegment({ filter: { cohort } });
    const campaign = newCampaign(segment, { name: `scheduled ${run}` });
    await campaign.create();
    await campaign.update({ description: 'to be stopped' });

    const scheduledFor = new Date(Date.now() + HOUR_MS).toISOString();
    const { campaign: scheduled } = await campaign.start({ scheduledFor });
    assert.equal(scheduled.status, 'scheduled');
    assert.equal(Date.parse(scheduled.scheduled_for), Date.parse(scheduledFor));
    assert.equal(scheduled.description, 'to be stopped');
    await assert.rejects(segment.delete(), apiError(400, 4));

    const { campaign: stopped } = await campaign.stop();
    assert.equal(stopped.status, 'stopped');
    const { campaign: got } = await campaign.get();
    assert.equal(got.status, 'stopped');
    assert.equal(got.stats.stats_messages_sent, 0);
    assert.equal(got.stats.stats_started_at, null);
    assert.equal(got.stats.stats_completed_at, null, 'it never began');

    const { campaign: stoppedTwice } = await campaign.stop();
    assert.equal(stoppedTwice.status, 'stopped', 'stop may be repeated');
    await assert.rejects(campaign.start(), apiError(400, 4, /stopped/));

    await campaign.delete();
    await assert.rejects(campaign.get(), apiError(404, 16));
    await assert.rejects(campaign.stop(), apiError(404, 16));
    await segment.delete();
  });

  test('segment("user", null, {filter}): the SDK drops the filter, an update brings it back', async () => {
    // stream-chat 9.53.0 takes the null for the data, so the request has neither filter nor targets: an empty list.
    const { segment: created } = await client.segment('user', null, { filter: { cohort } }).create();
    assert.deepEqual(created.filter, {});
    const segment = client.segment('user', created.id);

    const toNobody = newCampaign(segment);
    await toNobody.create();
    await toNobody.start();
    const { stats: none } = await reaches(toNobody, 'completed');
    assert.equal(none.stats_recipients_total, 0);
    assert.equal(none.progress, 1);

    const { segment: updated } = await segment.update({ filter: { cohort } });
    assert.deepEqual(updated.filter, { cohort });
    const campaign = newCampaign(segment);
    await campaign.create();
    await campaign.start();
    const { stats } = await reaches(campaign, 'completed');
    assert.equal(stats.stats_messages_sent, members.length);

    await Promise.all([toNobody.delete(), campaign.delete()]);
    await segment.delete();
  });

  test('a list of targets is a segment too', async () => {
    const segment = await createSegment({ name: `list ${run}` });
    await segment.addTargets([members[0].id, members[1].id, `ghost-${run}`]);
    await segment.addTargets([members[1].id]);
    await segment.removeTargets([members[0].id]);
    await segment.targetExists(members[1].id);
    await assert.rejects(segment.targetExists(members[0].id), apiError(404, 16));
    const { targets } = await segment.queryTargets({}, [{ field: 'target_id', direction: 1 }]);
    assert.deepEqual(targets.map(({ target_id }) => target_id), [`ghost-${run}`, members[1].id]);

    const campaign = newCampaign(segment);
    await campaign.create();
    await campaign.start();
    const { stats } = await reaches(campaign, 'completed');
    assert.equal(stats.stats_recipients_total, 2);
    assert.equal(stats.stats_messages_sent, 1);
    assert.equal(stats.stats_messages_skipped, 1, 'a target that is no user is skipped, not failed');

    await campaign.delete();
    await segment.delete();
  });

  test('mistakes are refused with the field named', async () => {
    const segment = client.segment('user', { filter: { cohort } });
    const { segment: created } = await segment.create();
    // The usual slip: the object's own id, which create() leaves null.
    await assert.rejects(newCampaign(segment).create(), apiError(400, 4, /segment_ids\[0\]/));
    await assert.rejects(newCampaign({ id: `no-such-${run}` }).create(), apiError(400, 4, /segment_ids/));
    await assert.rejects(
      newCampaign(created, { sender_id: `no-such-${run}` }).create(),
      apiError(400, 4, /sender_id|sender/),
    );
    await assert.rejects(
      newCampaign(created, { message_template: { text: 'Hi {{ receiver.name' } }).create(),
      apiError(400, 4, /message_template\.text/),
    );
    await assert.rejects(client.campaign(`no-such-${run}`).get(), apiError(404, 16));
    await client.segment('user', created.id).delete();
  });
});
