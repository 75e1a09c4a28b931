// Users, channels and messages around campaigns: custom data is nested, and comes back as it was given.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { answer, apiError, assertTime, connect } from './herald.mjs';

const run = randomUUID().slice(0, 8);
const shop = { id: `shop-${run}`, name: 'Sofía of the Shop', role: 'admin', custom: {} };
const ann = {
  id: `ann-${run}`,
  name: '王芳 & "Ann" <x>',
  image: 'https://cdn.example.com/ann.png',
  role: 'user',
  language: 'zh',
  teams: ['red', 'blue'],
  invisible: true,
  custom: { cohort: run, name: 'a name in custom', score: 1.5, deep: { list: [1, null, { custom: true }] }, nothing: null },
};

describe('node-sdk: users, channels and messages', { timeout: 120_000 }, () => {
  let client;
  before(() => {
    client = connect();
  });

  test('upsertUsers and queryUsers', async () => {
    const { users } = answer(await client.upsertUsers([shop, ann]));
    for (const user of [shop, ann]) {
      for (const [key, value] of Object.entries(user)) assert.deepEqual(users[user.id][key], value, `${user.id}: ${key}`);
      assertTime(users[user.id].created_at, 'created_at');
    }
    assert.deepEqual(users[ann.id].devices, []);
    assert.equal(users[ann.id].unread_count, 0);
    assert.equal('deactivated_at' in users[ann.id], false);

    const payload = { filter_conditions: { cohort: run }, sort: [{ field: 'created_at', direction: -1 }] };
    const found = answer(await client.queryUsers({ payload }));
    assert.deepEqual(found.users.map(({ id }) => id), [ann.id]);
    assert.deepEqual(found.users[0].custom, ann.custom);
    assertTime(found.users[0].updated_at, 'updated_at');

    // Not nested: this dialect does not read it.
    const flat = await client.updateUsers({ users: { [`flat-${run}`]: { id: `flat-${run}`, country: 'US' } } });
    assert.deepEqual(flat.users[`flat-${run}`].custom, {});
    await assert.rejects(
      client.upsertUsers([{ id: 'not an id', custom: [] }]),
      apiError(400, 4, /UpdateUsers failed with error.*\.custom must be an object/),
    );
  });

  test('channel().getOrCreate, queryChannels', async () => {
    const channel = client.chat.channel('messaging', `c-${run}`);
    const data = {
      created_by_id: shop.id,
      team: 'red',
      frozen: true,
      members: [{ user_id: shop.id }, { user_id: ann.id, channel_role: 'channel_moderator', custom: { desk: 4 } }],
      custom: { name: 'General', run, nested: { a: [null] } },
    };
    const state = answer(await channel.getOrCreate({ data }));
    assert.equal(state.channel.cid, channel.cid);
    assert.equal(state.channel.created_by.id, shop.id);
    assert.deepEqual([state.channel.team, state.channel.frozen, state.channel.disabled], ['red', true, false]);
    assert.deepEqual(state.channel.custom, data.custom);
    assertTime(state.channel.created_at, 'created_at');
    assertTime(state.channel.config.created_at, 'config.created_at');
    const member = state.members.find(({ user_id }) => user_id === ann.id);
    assert.deepEqual([member.channel_role, member.custom, member.user.custom], ['channel_moderator', { desk: 4 }, ann.custom]);
    assertTime(state.read[0].last_read, 'last_read');
    for (const empty of ['messages', 'pinned_messages', 'threads', 'watchers']) assert.deepEqual(state[empty], []);

    const { channels } = answer(
      await client.chat.queryChannels({ filter_conditions: { run }, sort: [{ field: 'last_updated', direction: -1 }] }),
    );
    assert.deepEqual(channels.map((one) => one.channel.custom), [data.custom]);
    assertTime(channels[0].members[0].created_at, 'created_at of a member');

    // As the SDK's typings also have it: members and creator as objects.
    const objects = await client.chat.channel('team', `o-${run}`).getOrCreate({
      data: { created_by: { id: shop.id }, members: [{ user: { id: ann.id } }] },
    });
    assert.deepEqual(objects.members.map(({ user_id }) => user_id), [ann.id]);
  });

  test('a distinct channel', async () => {
    const data = { created_by_id: shop.id, members: [{ user_id: shop.id }, { user_id: ann.id }] };
    const channel = client.chat.channel('messaging');
    const { channel: created } = await channel.getOrCreate({ data });
    assert.match(channel.id, /^!members-/);
    const { channel: again } = await client.chat.getOrCreateDistinctChannel({ type: 'messaging', data });
    assert.equal(again.cid, created.cid);
    const { channel: byID } = await client.chat.getOrCreateChannel({ type: 'messaging', id: created.id });
    assert.equal(byID.cid, created.cid);
  });

  test('sendMessage, getMessage', async () => {
    const channel = client.chat.channel('messaging', `m-${run}`);
    await channel.getOrCreate({ data: { created_by_id: shop.id, members: [{ user_id: shop.id }, { user_id: ann.id }] } });
    const message = {
      id: `message ${run} ü`,
      text: 'Hi <you> & "me" 👋',
      user_id: shop.id,
      mentioned_users: [ann.id],
      silent: true,
      attachments: [
        { type: 'image', image_url: 'https://cdn.example.com/x.png', original_width: 640, custom: { alt: 'banner', n: [1.5, null] } },
        { title: 'a product', fields: [{ title: 'size', value: 'L', short: true }], custom: {} },
      ],
      custom: { promo: { code: 'X' } },
    };
    const { message: sent } = answer(await channel.sendMessage({ message }));
    for (const key of ['id', 'text', 'silent', 'attachments', 'custom']) assert.deepEqual(sent[key], message[key], key);
    assert.deepEqual([sent.user.id, sent.user.custom], [shop.id, {}]);
    assert.deepEqual(sent.mentioned_users.map(({ id, custom }) => [id, custom]), [[ann.id, ann.custom]]);
    assertTime(sent.created_at, 'created_at');

    const { message: got } = answer(await client.chat.getMessage({ id: message.id })); // with a space, not escaped
    assert.deepEqual({ ...got, channel: undefined }, { ...sent, channel: undefined });
    assert.equal(got.channel.cid, channel.cid);
    const state = await channel.getOrCreate({ messages: { limit: 1 } });
    assert.deepEqual(state.messages[0], sent);
    assertTime(state.channel.last_message_at, 'last_message_at');

    await assert.rejects(channel.sendMessage({ message: { text: 'x', user_id: 'nobody' } }), apiError(400, 4, /user_id/));
    await assert.rejects(client.chat.getMessage({ id: 'none' }), apiError(404, 16));
  });
});
