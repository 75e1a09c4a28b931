// What applications do beside campaigns: they keep users and channels up to date, and take them away again.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { StreamChat } from 'stream-chat';

import { apiError, connect } from './herald.mjs';

const DEADLINE_MS = 60_000;
const POLL_MS = 50;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

const run = randomUUID().slice(0, 8);
const id = (name) => `${name}-${run}`;

let client;

before(() => {
  client = connect();
});

/** Waits for a task to end; resolves to it. */
async function ended(taskId) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const task = await client.getTask(taskId);
    if (task.status !== 'pending') return task;
    if (Date.now() > deadline) throw new Error(`task ${taskId} is pending after ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A client that acts as one user with a token of its own. It opens no connection, which connectUser would insist on. */
async function actingAs(userId) {
  const own = new StreamChat(process.env.HERALD_API_KEY);
  own.setBaseURL(client.baseURL);
  own.userID = userId;
  await own.tokenManager.setTokenOrProvider(client.createToken(userId), { id: userId });
  return own;
}

const found = async (filter, options) =>
  (await client.queryUsers({ run, ...filter }, [{ id: 1 }], options)).users.map((user) => user.id);

describe('stream-chat: users', { timeout: 120_000 }, () => {
  before(async () => {
    await client.upsertUsers([
      { id: id('ann'), run, name: 'Ann', country: 'US', address: { city: 'Paris', zip: '75001' } },
      { id: id('bob'), run, name: 'Bob', country: 'US' },
      { id: id('cy'), run, name: 'Cy' },
    ]);
  });

  test('queryUsers filters, sorts and pages', async () => {
    assert.deepEqual(await found({ country: 'US' }), [id('ann'), id('bob')]);
    assert.deepEqual(await found({ name: { $autocomplete: 'b' } }), [id('bob')]);
    assert.deepEqual(await found({}, { limit: 1, offset: 1 }), [id('bob')]);
    const { users } = await client.queryUsers({ run }, [{ name: -1 }], { limit: 2 });
    assert.deepEqual(users.map(({ name }) => name), ['Cy', 'Bob']);
    await assert.rejects(client.queryUsers({ run: { $near: 1 } }), apiError(400, 4, /filter_conditions\.run\.\$near/));
  });

  test('partialUpdateUser sets and unsets, nested fields too', async () => {
    const { users } = await client.partialUpdateUser({
      id: id('ann'),
      set: { name: 'Anna', 'address.city': 'Lyon', vip: true },
      unset: ['country', 'address.zip'],
    });
    const ann = users[id('ann')];
    assert.equal(ann.name, 'Anna');
    assert.equal(ann.vip, true);
    assert.deepEqual(ann.address, { city: 'Lyon' });
    assert.ok(!('country' in ann));
    assert.match(ann.updated_at, TIMESTAMP);
    await assert.rejects(
      client.partialUpdateUsers([{ id: id('bob'), set: { vip: true } }, { id: id('nobody'), set: { vip: true } }]),
      apiError(400, 4, /users\[1\]\.id/),
    );
    assert.deepEqual(await found({ vip: true }), [id('ann')]);
  });

  test('deactivated users are listed only on demand, and their tokens end', async () => {
    const { user } = await client.deactivateUser(id('cy'));
    assert.match(user.deactivated_at, TIMESTAMP);
    assert.deepEqual(await found({}), [id('ann'), id('bob')]);
    assert.deepEqual(await found({}, { include_deactivated_users: true }), [id('ann'), id('bob'), id('cy')]);
    await assert.rejects((await actingAs(id('cy'))).queryUsers({ run }), apiError(403, 17));
    await assert.rejects(client.deactivateUser(id('cy')), apiError(400, 4));
    await client.reactivateUser(id('cy'));

    const { task_id: deactivated } = await client.deactivateUsers([id('bob'), id('cy')]);
    assert.equal((await ended(deactivated)).status, 'completed');
    assert.deepEqual(await found({}), [id('ann')]);
    const { task_id: reactivated } = await client.reactivateUsers([id('bob'), id('cy')]);
    assert.deepEqual((await ended(reactivated)).result, { [id('bob')]: { status: 'ok' }, [id('cy')]: { status: 'ok' } });
    assert.deepEqual(await found({}), [id('ann'), id('bob'), id('cy')]);
  });

  test('deleteUser and deleteUsers, with what they wrote', async () => {
    const room = client.channel('messaging', id('room'), { created_by_id: id('bob'), members: [id('bob'), id('cy')] });
    await room.create();
    const { message } = await room.sendMessage({ text: 'of Cy', user_id: id('cy') });
    await room.sendMessage({ text: 'of Bob', user_id: id('bob') });

    const { user } = await client.deleteUser(id('cy'), { mark_messages_deleted: true });
    assert.match(user.deleted_at, TIMESTAMP);
    assert.deepEqual(await found({}), [id('ann'), id('bob')]);
    await assert.rejects(client.deleteUser(id('cy')), apiError(404, 16));

    const { task_id: task } = await client.deleteUsers([id('cy'), id('bob')], {
      user: 'hard', messages: 'hard', conversations: 'hard', new_channel_owner_id: id('ann'),
    });
    const { status, result } = await ended(task);
    assert.equal(status, 'completed');
    assert.deepEqual(Object.keys(result).sort(), [id('bob'), id('cy')]);
    const state = await room.query({});
    assert.deepEqual(state.messages, []);
    assert.deepEqual(state.members, []);
    assert.equal(state.channel.created_by.id, id('ann'));
    await assert.rejects(client.getMessage(message.id), apiError(404, 16));
    await assert.rejects(client.deleteUsers([id('cy')]), apiError(400, 4, /user_ids\[0\]/));
    await assert.rejects(client.getTask(id('no-task')), apiError(404, 16));
  });
});

describe('stream-chat: channels', { timeout: 120_000 }, () => {
  const [shop, dee, eve, fay] = ['shop', 'dee', 'eve', 'fay'].map(id);

  before(async () => {
    await client.upsertUsers([shop, dee, eve, fay].map((user) => ({ id: user, name: user, run })));
  });

  async function newChannel(name, members, data = {}) {
    const channel = client.channel('messaging', id(name), { created_by_id: shop, members, run, ...data });
    await channel.create();
    return channel;
  }

  const listed = async (filter, options) =>
    (await client.queryChannels({ run, ...filter }, [{ cid: 1 }], options)).map((channel) => channel.id);

  test('queryChannels filters, sorts and pages', async () => {
    await newChannel('q-1', [shop, dee], { color: 'red' });
    await newChannel('q-2', [shop, eve], { color: 'blue' });
    await newChannel('q-3', [shop, dee, eve], { color: 'red' });
    const ours = { id: { $in: [id('q-1'), id('q-2'), id('q-3')] } };
    assert.deepEqual(await listed({ ...ours, color: 'red' }), [id('q-1'), id('q-3')]);
    assert.deepEqual(await listed({ ...ours, members: { $in: [eve] } }), [id('q-2'), id('q-3')]);
    assert.deepEqual(await listed({ members: { $eq: [dee, shop] } }), [id('q-1')]);
    assert.deepEqual(await listed(ours, { limit: 1, offset: 1 }), [id('q-2')]);
    const [third] = await client.queryChannels({ cid: `messaging:${id('q-3')}` }, [], { member_limit: 2 });
    assert.equal(third.data.member_count, 3);
    assert.equal(Object.keys(third.state.members).length, 2);
    const ofDee = await (await actingAs(dee)).queryChannels(ours);
    assert.deepEqual(ofDee.map((channel) => channel.id).sort(), [id('q-1'), id('q-3')]);
  });

  test('update replaces, updatePartial sets and unsets', async () => {
    const channel = await newChannel('u', [shop], { name: 'U', color: 'red' });
    const updated = await channel.update({ name: 'V', team: 'eu' }, { text: 'It is V now', user_id: shop });
    assert.equal(updated.channel.name, 'V');
    assert.equal(updated.channel.team, 'eu');
    assert.ok(!('color' in updated.channel));
    assert.equal(updated.message.text, 'It is V now');
    assert.equal(updated.message.type, 'system');
    const partly = await channel.updatePartial({ set: { color: 'blue', 'style.dark': true }, unset: ['team'] });
    assert.equal(partly.channel.name, 'V');
    assert.deepEqual(partly.channel.style, { dark: true });
    assert.ok(!('team' in partly.channel));
    assert.equal(channel.data.color, 'blue');
  });

  test('addMembers and removeMembers; queryMembers', async () => {
    const channel = await newChannel('m', [shop]);
    const added = await channel.addMembers([dee, { user_id: eve, channel_role: 'channel_moderator' }], { text: 'Welcome', user_id: shop });
    assert.deepEqual(added.members.map(({ user_id: user }) => user).sort(), [dee, eve, shop].sort());
    assert.equal(added.channel.member_count, 3);
    const { members } = await channel.queryMembers({ user_id: { $in: [eve, shop] } }, [{ user_id: 1 }]);
    assert.deepEqual(members.map(({ user_id: user, channel_role: role }) => [user, role]), [[eve, 'channel_moderator'], [shop, 'channel_member']]);
    const removed = await channel.removeMembers([dee]);
    assert.deepEqual(removed.members.map(({ user_id: user }) => user).sort(), [eve, shop].sort());
    await assert.rejects(channel.addMembers([id('nobody')]), apiError(400, 4, /add_members/));
    await assert.rejects((await actingAs(dee)).channel('messaging', channel.id).watch(), apiError(403, 17));
  });

  test('hide and show, archive and pin', async () => {
    const channel = await newChannel('h', [shop, dee]);
    await channel.sendMessage({ text: 'old', user_id: shop });
    const seen = (options) => listed({ id: channel.id, ...options }, { user_id: dee });
    await channel.hide(dee);
    assert.deepEqual(await seen(), []);
    assert.deepEqual(await seen({ hidden: true }), [channel.id]);
    await channel.show(dee);
    assert.deepEqual(await seen(), [channel.id]);
    const own = (await actingAs(dee)).channel('messaging', channel.id);
    await own.watch();
    assert.deepEqual([...own.data.own_capabilities].sort(), ['cast-poll-vote', 'read-events', 'send-message', 'update-own-channel-membership']);
    await own.hide(null, true);
    assert.deepEqual(await seen(), []);
    await channel.sendMessage({ text: 'new', user_id: shop });
    const state = await own.query({});
    assert.deepEqual(state.messages.map(({ text }) => text), ['new']);

    const archived = await channel.archive({ user_id: dee });
    assert.match(archived.archived_at, TIMESTAMP);
    assert.deepEqual(await seen({ archived: true }), [channel.id]);
    assert.ok(!('archived_at' in (await channel.unarchive({ user_id: dee }))));
    assert.match((await own.pin()).pinned_at, TIMESTAMP);
    const { channel_member: member } = await channel.updateMemberPartial({ set: { desk: 4 }, unset: ['pinned'] }, { userId: dee });
    assert.equal(member.desk, 4);
    assert.ok(!('pinned_at' in member));
    await assert.rejects(own.partialUpdateMember(shop, { set: { desk: 5 } }), apiError(403, 17));
  });

  test('delete and deleteChannels', async () => {
    const [one, two, three] = [await newChannel('d-1', [shop]), await newChannel('d-2', [shop, fay]), await newChannel('d-3', [shop, fay])];
    const { message } = await two.sendMessage({ text: 'gone soon', user_id: fay });
    const { channel } = await one.delete();
    assert.match(channel.deleted_at, TIMESTAMP);
    await assert.rejects(one.delete(), apiError(404, 16));
    const { task_id: task } = await client.deleteChannels([two.cid, three.cid], { hard_delete: true });
    const { status, result } = await ended(task);
    assert.equal(status, 'completed');
    assert.deepEqual(result, { [two.cid]: { status: 'ok' }, [three.cid]: { status: 'ok' } });
    await assert.rejects(client.getMessage(message.id), apiError(404, 16));
    assert.deepEqual(await listed({ members: { $in: [fay] } }), []);
    await assert.rejects(client.deleteChannels([two.cid]), apiError(400, 4, /cids\[0\]/));
  });
});
