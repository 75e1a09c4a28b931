// How users and channels change and go: the methods of node-sdk for what applications do beside campaigns.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { answer, apiError, assertTime, connect } from './herald.mjs';

const DEADLINE_MS = 60_000;
const POLL_MS = 50;

const run = randomUUID().slice(0, 8);
const id = (name) => `${name}-${run}`;
const ids = (list) => list.map((one) => one.user_id ?? one.id);

describe('node-sdk: lives of users and channels', { timeout: 120_000 }, () => {
  let client;
  const [shop, ann, bob, cy] = ['shop', 'ann', 'bob', 'cy'].map(id);

  before(async () => {
    client = connect();
    await client.upsertUsers([shop, ann, bob, cy].map((user) => ({ id: user, name: user, custom: { run, tier: 1 } })));
  });

  /** Waits for a task to end; resolves to it. */
  async function ended(task_id) {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const task = answer(await client.getTask({ id: task_id }));
      assertTime(task.created_at, 'created_at of a task');
      if (task.status !== 'pending') return task;
      if (Date.now() > deadline) throw new Error(`task ${task_id} is pending after ${DEADLINE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  const found = async (more) => {
    const payload = { filter_conditions: { run, id: { $ne: shop } }, sort: [{ field: 'id', direction: 1 }], ...more };
    return ids(answer(await client.queryUsers({ payload })).users);
  };

  test('updateUsersPartial', async () => {
    const { users } = answer(await client.updateUsersPartial({
      users: [{ id: ann, set: { name: 'Anna', custom: { vip: true } }, unset: ['tier'] }],
    }));
    assert.equal(users[ann].name, 'Anna');
    assert.deepEqual(users[ann].custom, { run, vip: true });
    assertTime(users[ann].updated_at, 'updated_at');
    await assert.rejects(client.updateUsersPartial({ users: [{ id: id('nobody'), set: {} }] }), apiError(400, 4, /users\[0\]\.id/));
  });

  test('deactivateUser, reactivateUser, and many of them', async () => {
    const { user } = answer(await client.deactivateUser({ user_id: cy }));
    assertTime(user.deactivated_at, 'deactivated_at');
    assert.deepEqual(await found(), [ann, bob]);
    assert.deepEqual(await found({ include_deactivated_users: true }), [ann, bob, cy]);
    await assert.rejects(client.deactivateUser({ user_id: cy }), apiError(400, 4));
    assert.equal(answer(await client.reactivateUser({ user_id: cy })).user.deactivated_at, undefined);

    const { task_id } = answer(await client.deactivateUsers({ user_ids: [bob, cy] }));
    assert.equal((await ended(task_id)).status, 'completed');
    assert.deepEqual(await found(), [ann]);
    const { task_id: back } = answer(await client.reactivateUsers({ user_ids: [bob, cy] }));
    assert.deepEqual((await ended(back)).result, { [bob]: { status: 'ok' }, [cy]: { status: 'ok' } });
    assert.deepEqual(await found(), [ann, bob, cy]);
    await assert.rejects(client.getTask({ id: id('none') }), apiError(404, 16));
  });

  test('updateChannel, updateChannelPartial, members', async () => {
    const room = { type: 'messaging', id: id('room') };
    await client.chat.channel(room.type, room.id).getOrCreate({
      data: { created_by_id: shop, members: [{ user_id: shop }], team: 'red', custom: { color: 'red', style: { dark: true } } },
    });
    const updated = answer(await client.chat.updateChannel({
      ...room,
      data: { team: 'eu', custom: { name: 'Room' } },
      add_members: [{ user_id: ann }, { user_id: bob, channel_role: 'channel_moderator', custom: { desk: 4 } }],
      message: { text: 'Welcome', user_id: shop, custom: { run } },
    }));
    assert.deepEqual([updated.channel.team, updated.channel.custom, updated.channel.member_count], ['eu', { name: 'Room' }, 3]);
    assert.deepEqual(ids(updated.members).sort(), [ann, bob, shop].sort());
    assert.deepEqual([updated.message.type, updated.message.custom], ['system', { run }]);
    assertTime(updated.message.created_at, 'created_at of the message');
    const removed = answer(await client.chat.updateChannel({ ...room, remove_members: [{ user_id: ann }] }));
    assert.deepEqual(ids(removed.members).sort(), [bob, shop].sort());

    const partly = answer(await client.chat.updateChannelPartial({ ...room, set: { custom: { color: 'blue' } }, unset: ['team'] }));
    assert.equal(partly.channel.custom.color, 'blue');
    assert.equal('team' in partly.channel, false);

    const payload = { ...room, filter_conditions: { user_id: { $in: [bob, cy] } } };
    const { members } = answer(await client.chat.queryMembers({ payload }));
    assert.deepEqual(members.map(({ user_id, channel_role, custom }) => [user_id, channel_role, custom]), [[bob, 'channel_moderator', { desk: 4 }]]);
    assertTime(members[0].created_at, 'created_at of a member');
    const { channel_member: member } = answer(await client.chat.updateMemberPartial({
      ...room, user_id: bob, set: { pinned: true, custom: { desk: 5 } },
    }));
    assert.deepEqual(member.custom, { desk: 5 });
    assertTime(member.pinned_at, 'pinned_at');
  });

  test('hideChannel, showChannel, deleteChannel, deleteChannels', async () => {
    const rooms = ['one', 'two', 'three'].map((name) => ({ type: 'messaging', id: id(name) }));
    for (const room of rooms) {
      await client.chat.channel(room.type, room.id).getOrCreate({ data: { created_by_id: shop, members: [{ user_id: shop }, { user_id: cy }] } });
    }
    const listed = async () => {
      const { channels } = await client.chat.queryChannels({ filter_conditions: { members: { $in: [cy] } }, user_id: cy });
      return ids(channels.map(({ channel }) => channel)).sort();
    };
    const all = ids(rooms).sort();
    assert.deepEqual(answer(await client.chat.hideChannel({ ...rooms[0], user_id: cy, clear_history: true })), {});
    assert.deepEqual(await listed(), all.filter((one) => one !== rooms[0].id));
    assert.deepEqual(answer(await client.chat.showChannel({ ...rooms[0], user_id: cy })), {});
    assert.deepEqual(await listed(), all);

    const { channel } = answer(await client.chat.deleteChannel(rooms[0]));
    assertTime(channel.deleted_at, 'deleted_at');
    const cids = rooms.slice(1).map(({ type, id: room }) => `${type}:${room}`);
    const { task_id } = answer(await client.chat.deleteChannels({ cids, hard_delete: true }));
    assert.deepEqual((await ended(task_id)).result, { [cids[0]]: { status: 'ok' }, [cids[1]]: { status: 'ok' } });
    assert.deepEqual(await listed(), []);
  });

  test('deleteUsers', async () => {
    const { task_id } = answer(await client.deleteUsers({ user_ids: [bob, cy], user: 'soft', messages: 'soft' }));
    assert.equal((await ended(task_id)).status, 'completed');
    assert.deepEqual(await found(), [ann]);
    await assert.rejects(client.deleteUsers({ user_ids: [ann], user: 'hard' }), apiError(400, 4, /messages/));
  });
});
