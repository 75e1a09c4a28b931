// Users and channels are changed, hidden and deleted: custom data nested, times as the typings have them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { answer, apiError, assertTime, connect } from './herald.mjs';

const DEADLINE_MS = 60_000;
const POLL_MS = 50;

const run = randomUUID().slice(0, 8);
const [shop, ann, bob] = ['shop', 'ann', 'bob'].map((name) => `${name}-${run}`);

describe('node-sdk: changes and deletions', { timeout: 120_000 }, () => {
  let client;
  before(async () => {
    client = connect();
    await client.upsertUsers([shop, ann, bob].map((id) => ({ id, name: id, custom: { run, address: { city: 'Paris' } } })));
  });

  async function ended(taskId) {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const task = answer(await client.getTask({ id: taskId }));
      assertTime(task.created_at, 'created_at');
      if (task.status !== 'pending') return task;
      if (Date.now() > deadline) throw new Error(`task ${taskId} is pending after ${DEADLINE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  const found = async (more = {}) => {
    const payload = { filter_conditions: { run }, sort: [{ field: 'id', direction: 1 }], ...more };
    return (await client.queryUsers({ payload })).users.map(({ id }) => id);
  };

  test('updateUsersPartial, deactivateUsers, reactivateUser', async () => {
    const { users } = answer(await client.updateUsersPartial({
      users: [{ id: ann, set: { name: 'Ann', custom: { vip: true, 'address.zip': '75001' } }, unset: ['address.city', 'image'] }],
    }));
    assert.equal(users[ann].name, 'Ann');
    assert.deepEqual(users[ann].custom, { run, vip: true, address: { zip: '75001' } });
    const { task_id: task } = answer(await client.deactivateUsers({ user_ids: [ann, bob] }));
    assert.deepEqual((await ended(task)).result, { [ann]: { status: 'ok' }, [bob]: { status: 'ok' } });
    assert.deepEqual(await found(), [shop]);
    const { user } = answer(await client.reactivateUser({ user_id: bob }));
    assert.equal('deactivated_at' in user && user.deactivated_at !== undefined, false);
    await client.reactivateUser({ user_id: ann });
    assert.deepEqual(await found(), [ann, bob, shop]);
  });

  test('channel().update, updateChannelPartial, members, hide and show', async () => {
    const channel = client.chat.channel('messaging', `v-${run}`);
    await channel.getOrCreate({ data: { created_by_id: shop, members: [{ user_id: shop }], custom: { name: 'V', color: 'red' } } });
    const updated = answer(await channel.update({
      data: { team: 'eu', custom: { name: 'W' } },
      add_members: [{ user_id: ann, custom: { desk: 4 } }],
      message: { text: 'It is W now', user_id: shop },
    }));
    assert.deepEqual(updated.channel.custom, { name: 'W' });
    assert.equal(updated.channel.team, 'eu');
    assert.equal(updated.message.type, 'system');
    assertTime(updated.message.created_at, 'message.created_at');
    assert.deepEqual(updated.members.map(({ user_id: id, custom }) => [id, custom]), [[ann, { desk: 4 }], [shop, {}]]);

    const partly = answer(await channel.updateChannelPartial({ set: { frozen: true, custom: { 'style.dark': true } }, unset: ['team'] }));
    assert.equal(partly.channel.frozen, true);
    assert.deepEqual(partly.channel.custom, { name: 'W', style: { dark: true } });
    assert.equal(partly.channel.team, undefined);

    const { channel_member: member } = answer(await channel.updateMemberPartial({ user_id: ann, set: { archived: true, custom: { desk: 5 } } }));
    assertTime(member.archived_at, 'archived_at');
    assert.deepEqual(member.custom, { desk: 5 });
    const { members } = answer(await client.chat.queryMembers({ payload: { type: 'messaging', id: `v-${run}`, filter_conditions: { user_id: ann } } }));
    assert.deepEqual(members.map(({ custom }) => custom), [{ desk: 5 }]);

    const listed = async () => (await client.chat.queryChannels({ filter_conditions: { id: `v-${run}` }, user_id: ann })).channels.length;
    answer(await channel.hide({ user_id: ann }));
    assert.equal(await listed(), 0);
    answer(await channel.show({ user_id: ann }));
    assert.equal(await listed(), 1);
    await assert.rejects(channel.update({ add_members: [{ user_id: `nobody-${run}` }] }), apiError(400, 4, /add_members/));
  });

  test('deleteChannels and deleteUsers', async () => {
    const channels = ['d-1', 'd-2'].map((id) => client.chat.channel('messaging', `${id}-${run}`));
    for (const channel of channels) await channel.getOrCreate({ data: { created_by_id: shop, members: [{ user_id: ann }] } });
    const { channel } = answer(await channels[0].delete({ hard_delete: false }));
    assertTime(channel.deleted_at, 'deleted_at');
    const cid = `messaging:d-2-${run}`;
    const { task_id: gone } = answer(await client.chat.deleteChannels({ cids: [cid], hard_delete: true }));
    assert.deepEqual((await ended(gone)).result, { [cid]: { status: 'ok' } });

    const { task_id: task } = answer(await client.deleteUsers({ user_ids: [bob], user: 'hard', messages: 'hard', conversations: 'hard' }));
    assert.equal((await ended(task)).status, 'completed');
    assert.deepEqual(await found({ include_deactivated_users: true }), [ann, shop]);
    await assert.rejects(client.deleteUsers({ user_ids: [ann], user: 'hard' }), apiError(400, 4, /messages must be "hard"/));
  });
});
