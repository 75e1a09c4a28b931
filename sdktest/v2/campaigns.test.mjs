// Every campaign method of node-sdk, with a campaign that is really sent.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { answer, apiError, assertTime, connect, reaches } from './herald.mjs';

const HOUR_MS = 3_600_000;
const run = randomUUID().slice(0, 8);
const sender = { id: `sender-${run}`, name: 'Sofía of the Shop' };
const agent = { id: `agent-${run}` };
const members = ['Ana Souza', 'Дмитрий Орлов', '王芳'].map((name, i) => ({
  id: `member-${run}-${i}`,
  name,
  language: ['pt', 'ru', 'zh'][i],
  custom: { cohort: run, orders: i },
}));

describe('node-sdk: campaigns', { timeout: 300_000 }, () => {
  let client;

  before(async () => {
    client = connect();
    await client.upsertUsers([sender, agent, ...members]);
    await client.chat.createSegment({ id: `cohort-${run}`, type: 'user', filter: { cohort: run } });
  });

  after(() => client.chat.deleteSegment({ id: `cohort-${run}` }));

  const draft = (id, more = {}) =>
    client.chat.createCampaign({
      id: `${id}-${run}`,
      sender_id: sender.id,
      message_template: { text: 'Hi {{ receiver.name }}' },
      user_ids: members.map((member) => member.id),
      ...more,
    });

  test('every field comes back as it was sent, and the campaign is sent', async () => {
    const wanted = {
      id: `whole-${run}`,
      name: 'Spring <sale> & more',
      description: 'all fields',
      sender_id: sender.id,
      sender_mode: 'include',
      sender_visibility: 'archived',
      segment_ids: [`cohort-${run}`],
      message_template: {
        text: 'Hi {{ receiver.name }}, order {{ receiver.orders }}',
        attachments: [{ type: 'image', image_url: 'https://cdn.example.com/{{ receiver.language }}.png', custom: { alt: 'for {{ receiver.id }}', n: 1.5 } }],
        custom: { promotional: true, lang: '{{ receiver.language }}', deep: { nothing: null } },
        searchable: true,
      },
      channel_template: {
        type: 'messaging',
        id: '{{ receiver.id }}-whole',
        team: 'eu',
        custom: { name: 'Shop for {{ receiver.name }}', run },
        members_template: [{ user_id: agent.id, channel_role: 'channel_moderator', custom: { desk: 4 } }],
      },
      create_channels: true,
      show_channels: true,
      skip_push: true,
      skip_webhook: true,
    };
    const { campaign: created, users: pager } = answer(await client.chat.createCampaign(wanted));
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(created[key], value, key);
    assert.deepEqual(pager, {});
    assert.equal(created.status, 'draft');
    assert.deepEqual([created.sender.name, created.sender.custom], [sender.name, {}]);
    assert.deepEqual(created.segments.map(({ id, filter }) => [id, filter]), [[`cohort-${run}`, { cohort: run }]]);
    assert.deepEqual([created.user_ids, created.users], [[], []]);
    assert.deepEqual([created.stats.progress, created.stats.stats_started_at], [0, null]);
    assert.equal('messages_sent' in created.stats, false, 'a key of the older dialect');
    assertTime(created.created_at, 'created_at');
    assertTime(created.segments[0].created_at, 'created_at of a segment');
    assertTime(created.sender.created_at, 'created_at of the sender');

    const { campaign: started } = answer(await client.chat.startCampaign({ id: wanted.id }));
    assert.ok(['in_progress', 'completed'].includes(started.status), started.status);
    const { stats, ...done } = await reaches(client, wanted.id, 'completed');
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(done[key], value, key);
    assert.deepEqual(
      [stats.progress, stats.stats_messages_sent, stats.stats_channels_created, stats.stats_users_sent, stats.stats_users_read],
      [1, members.length, members.length, members.length, 0],
    );
    assertTime(stats.stats_started_at, 'stats_started_at');
    assertTime(stats.stats_completed_at, 'stats_completed_at');

    const { channels } = await client.chat.queryChannels({ filter_conditions: { run }, message_limit: 5 });
    assert.equal(channels.length, members.length);
    for (const [i, member] of members.entries()) {
      const { channel, messages, members: joined } = channels.find((one) => one.channel.id === `${member.id}-whole`);
      assert.deepEqual(channel.custom, { name: `Shop for ${member.name}`, run });
      assert.equal(channel.team, 'eu');
      assert.deepEqual(joined.map(({ user_id }) => user_id).sort(), [agent.id, member.id, sender.id].sort());
      assert.deepEqual(joined.find(({ user_id }) => user_id === agent.id).custom, { desk: 4 });
      assert.equal(messages.length, 1);
      assert.equal(messages[0].text, `Hi ${member.name}, order ${i}`);
      assert.deepEqual(messages[0].custom, { promotional: true, lang: member.language, deep: { nothing: null }, campaign_id: wanted.id });
      assert.deepEqual(messages[0].attachments, [
        { type: 'image', image_url: `https://cdn.example.com/${member.language}.png`, custom: { alt: `for ${member.id}`, n: 1.5 } },
      ]);
    }

    const { status } = await client.chat.stopCampaign({ id: wanted.id });
    assert.equal(status, 'completed', 'a stop that comes too late changes nothing');
    await assert.rejects(client.chat.startCampaign({ id: wanted.id }), apiError(400, 4, /campaign is completed/));
    assert.deepEqual(answer(await client.chat.deleteCampaign({ id: wanted.id })), {});
    await assert.rejects(client.chat.getCampaign({ id: wanted.id }), apiError(404, 16));
  });

  test('updateCampaign and stopCampaign answer with the campaign itself, as the typings say', async () => {
    const { campaign } = await draft('flat', { name: 'before', sender_mode: 'exclude' });
    // The SDK sends the id in the body too.
    const updated = answer(await client.chat.updateCampaign({
      id: campaign.id, name: 'after', sender_mode: '', sender_id: sender.id, message_template: { text: 'Hello' },
    }));
    assert.deepEqual([updated.id, updated.name, updated.sender_mode, updated.status], [campaign.id, 'after', '', 'draft']);
    assert.deepEqual(updated.message_template, { text: 'Hello', attachments: [], custom: {} });
    assert.deepEqual(updated.users.map(({ id }) => id), members.map(({ id }) => id), 'users of the campaign, not a pager');
    assertTime(updated.users[0].created_at, 'created_at of a user');
    assertTime(updated.created_at, 'created_at');
    assert.equal(updated.campaign.name, 'after', 'for clients that look there');

    // Whole seconds: the SDK reads nanoseconds as a floating-point number, which moves other times by a millisecond.
    const hour = Math.floor(Date.now() / 1000) * 1000 + HOUR_MS;
    const [scheduledFor, stopAt] = [new Date(hour), new Date(hour + HOUR_MS)];
    const { campaign: scheduled } = answer(await client.chat.startCampaign({ id: campaign.id, scheduled_for: scheduledFor, stop_at: stopAt }));
    assert.deepEqual([scheduled.status, scheduled.scheduled_for, scheduled.stop_at], ['scheduled', scheduledFor, stopAt]);

    const stopped = answer(await client.chat.stopCampaign({ id: campaign.id }));
    assert.deepEqual([stopped.id, stopped.status, stopped.scheduled_for], [campaign.id, 'stopped', scheduledFor]);
    assert.deepEqual([stopped.stats.stats_messages_sent, stopped.stats.stats_started_at], [0, null]);
    assert.equal(stopped.campaign.status, 'stopped');
    const { campaign: got } = await client.chat.getCampaign({ id: campaign.id });
    assert.equal(got.status, 'stopped');
    await client.chat.deleteCampaign({ id: campaign.id });
  });

  test('getCampaign pages through the users of user_ids', async () => {
    const { campaign, users: all } = await draft('pages');
    assert.deepEqual(all, {});
    const first = answer(await client.chat.getCampaign({ id: campaign.id, limit: 2 }));
    assert.deepEqual(first.campaign.users.map(({ id, custom }) => [id, custom]), members.slice(0, 2).map(({ id, custom }) => [id, custom]));
    assert.deepEqual(first.campaign.user_ids, members.map(({ id }) => id));
    const second = answer(await client.chat.getCampaign({ id: campaign.id, next: first.users.next }));
    assert.deepEqual(second.campaign.users.map(({ id }) => id), [members[2].id]);
    assert.equal(second.users.next, undefined);
    const back = answer(await client.chat.getCampaign({ id: campaign.id, prev: second.users.prev }));
    assert.deepEqual(back.campaign.users, first.campaign.users);
    await client.chat.deleteCampaign({ id: campaign.id });
  });

  test('queryCampaigns', async () => {
    const ids = [];
    for (const name of ['a', 'b', 'c']) ids.push((await draft(`query-${name}`, { name: `query ${run}` })).campaign.id);
    const query = { filter: { name: `query ${run}`, status: { $in: ['draft'] } }, sort: [{ field: 'created_at', direction: -1 }] };
    const first = answer(await client.chat.queryCampaigns({ ...query, limit: 2, user_limit: 1 }));
    assert.deepEqual(first.campaigns.map(({ id }) => id), [ids[2], ids[1]]);
    assert.deepEqual(first.campaigns[0].users.map(({ id }) => id), [members[0].id]);
    assertTime(first.campaigns[0].users[0].created_at, 'created_at of a user');
    const second = answer(await client.chat.queryCampaigns({ ...query, next: first.next, limit: 2 }));
    assert.deepEqual(second.campaigns.map(({ id }) => id), [ids[0]]);
    assert.equal(second.next, undefined);
    const back = answer(await client.chat.queryCampaigns({ prev: second.prev }));
    assert.deepEqual(back.campaigns.map(({ id }) => id), [ids[2], ids[1]]);
    const { campaigns: none } = answer(await client.chat.queryCampaigns({ filter: { segments: { $in: [`none-${run}`] } } }));
    assert.deepEqual(none, []);
    for (const id of ids) await client.chat.deleteCampaign({ id });
  });

  test('mistakes are refused with the field named', async () => {
    await assert.rejects(draft('bad', { segment_ids: [`cohort-${run}`] }), apiError(400, 4, /user_ids/));
    await assert.rejects(draft('bad', { sender_id: `none-${run}` }), apiError(400, 4, /sender_id/));
    await assert.rejects(
      draft('bad', { message_template: { text: 'Hi {{ receiver.name' } }),
      apiError(400, 4, /CreateCampaign failed with error: "message_template\.text: line 1/),
    );
    await assert.rejects(draft('bad', { channel_template: { type: 'messaging', members: [`none-${run}`] } }), apiError(400, 4, /members\[0\]/));
    const { campaign } = await draft('good');
    await assert.rejects(draft('good'), apiError(400, 4, /already exists/));
    await assert.rejects(client.chat.stopCampaign({ id: campaign.id }), apiError(400, 4, /campaign is draft/));
    await assert.rejects(
      client.chat.startCampaign({ id: campaign.id, stop_at: new Date(0) }),
      apiError(400, 4, /stop_at/),
    );
    await client.chat.deleteCampaign({ id: campaign.id });
    for (const call of ['getCampaign', 'updateCampaign', 'startCampaign', 'stopCampaign', 'deleteCampaign']) {
      await assert.rejects(client.chat[call]({ id: campaign.id }), apiError(404, 16), call);
    }
  });
});
