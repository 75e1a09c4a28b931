// What users do with messages: reading them, voting in their polls, deleting them; and the devices that hear of them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { answer, apiError, assertTime, connect, reaches } from './herald.mjs';

const run = randomUUID().slice(0, 8);
const [shop, ann, bob] = ['shop', 'ann', 'bob'].map((name) => ({ id: `${name}-${run}`, name, custom: { run } }));
const talk = { type: 'messaging', id: `talk-${run}` };

const ids = (list) => list.map(({ id }) => id);

describe('node-sdk: messages, polls, reads and devices', { timeout: 120_000 }, () => {
  let client;
  let channel;

  before(async () => {
    client = connect();
    await client.upsertUsers([shop, ann, bob]);
    channel = client.chat.channel(talk.type, talk.id);
    await channel.getOrCreate({ data: { created_by_id: shop.id, members: [shop, ann, bob].map(({ id }) => ({ user_id: id })) } });
  });

  test('getManyMessages, deleteMessage', async () => {
    const send = async (id) => (await channel.sendMessage({ message: { id, text: id, user_id: shop.id, custom: { run } } })).message;
    const sent = [await send(`1-${run}`), await send(`2-${run}`)];
    const { messages } = answer(await client.chat.getManyMessages({ ...talk, ids: [sent[1].id, `none-${run}`, sent[0].id] }));
    assert.deepEqual(messages, [sent[1], sent[0]]);

    const { message: deleted } = answer(await client.chat.deleteMessage({ id: sent[0].id }));
    assert.deepEqual([deleted.type, deleted.text, deleted.custom], ['deleted', '', { run }]);
    assertTime(deleted.deleted_at, 'deleted_at');
    await client.chat.deleteMessage({ id: sent[1].id, hard: true });
    await assert.rejects(client.chat.getMessage({ id: sent[1].id }), apiError(404, 16));
  });

  test('createPoll, castPollVote, deletePollVote, getPoll, deletePoll', async () => {
    const data = {
      name: 'Which?',
      description: 'Choose',
      voting_visibility: 'anonymous',
      max_votes_allowed: 2,
      allow_answers: true,
      options: [{ text: 'Red', custom: { hex: 'f00' } }, { text: 'Blue' }],
      custom: { run },
    };
    const { poll } = answer(await client.createPoll({ ...data, user_id: shop.id }));
    for (const key of ['name', 'description', 'voting_visibility', 'max_votes_allowed', 'allow_answers', 'custom']) {
      assert.deepEqual(poll[key], data[key], key);
    }
    assert.deepEqual(poll.options.map(({ text, custom }) => [text, custom]), [['Red', { hex: 'f00' }], ['Blue', {}]]);
    assert.deepEqual(poll.created_by.custom, { run });
    assertTime(poll.created_at, 'created_at of the poll');
    const [red, blue] = ids(poll.options);

    const { message } = answer(await channel.sendMessage({ message: { poll_id: poll.id, user_id: shop.id } }));
    assert.deepEqual([message.poll_id, message.poll.id], [poll.id, poll.id]);
    const place = { message_id: message.id, poll_id: poll.id };
    const { vote } = answer(await client.chat.castPollVote({ ...place, user_id: ann.id, vote: { option_id: red } }));
    assert.deepEqual([vote.user.custom, vote.option_id, vote.is_answer], [{ run }, red, false]);
    assertTime(vote.created_at, 'created_at of the vote');
    await client.chat.castPollVote({ ...place, user_id: bob.id, vote: { option_id: red } });
    await client.chat.castPollVote({ ...place, user: { id: bob.id }, vote: { answer_text: 'Green' } });
    await assert.rejects(
      client.chat.castPollVote({ ...place, user_id: bob.id, vote: { option_id: 'none' } }),
      apiError(400, 4, /option_id/),
    );

    const { poll: seen } = answer(await client.getPoll({ poll_id: poll.id, user_id: ann.id }));
    assert.deepEqual([seen.vote_count, seen.answers_count], [2, 1]);
    assert.deepEqual(seen.vote_counts_by_option, { [red]: 2, [blue]: 0 });
    assert.deepEqual(seen.latest_votes_by_option[red].map((one) => one.user_id), [undefined, undefined], 'who voted is secret');
    assert.deepEqual(ids(seen.own_votes), [vote.id]);
    assertTime(seen.latest_answers[0].created_at, 'created_at of an answer');

    const { poll: after } = answer(await client.chat.deletePollVote({ ...place, vote_id: vote.id, user_id: ann.id }));
    assert.equal(after.vote_count, 1);
    await client.deletePoll({ poll_id: poll.id });
    await assert.rejects(client.getPoll({ poll_id: poll.id }), apiError(404, 16));
  });

  test('updatePoll, updatePollPartial, queryPolls', async () => {
    const created = await client.createPoll({ name: 'Lunch?', options: [{ text: 'Soup' }, { text: 'Salad' }], custom: { run }, user_id: shop.id });
    const { poll } = answer(created);
    const [soup, salad] = ids(poll.options);
    const { message } = answer(await channel.sendMessage({ message: { poll_id: poll.id, user_id: shop.id } }));
    const place = { message_id: message.id, poll_id: poll.id };
    await client.chat.castPollVote({ ...place, user_id: ann.id, vote: { option_id: soup } });
    await client.chat.castPollVote({ ...place, user_id: bob.id, vote: { option_id: salad } });

    const options = [{ id: soup, text: 'Cold soup', custom: { vegan: true } }, { text: 'Bread' }];
    const { poll: replaced } = answer(await client.updatePoll({ id: poll.id, name: 'Lunch today?', options, user_id: shop.id }));
    assert.deepEqual([replaced.name, replaced.custom], ['Lunch today?', {}]);
    assert.deepEqual(replaced.options.map(({ text, custom }) => [text, custom]), [['Cold soup', { vegan: true }], ['Bread', {}]]);
    assert.deepEqual(Object.values(replaced.vote_counts_by_option), [1, 0]);
    assertTime(replaced.updated_at, 'updated_at of the poll');

    const set = { description: 'At noon', is_closed: true, custom: { place: 'here' } };
    const { poll: edited } = answer(await client.updatePollPartial({ poll_id: poll.id, set, user_id: shop.id }));
    assert.deepEqual([edited.name, edited.description, edited.is_closed, edited.custom], ['Lunch today?', 'At noon', true, { place: 'here' }]);
    await assert.rejects(client.chat.castPollVote({ ...place, user_id: bob.id, vote: { option_id: soup } }), apiError(400, 4, /closed/));

    const { poll: other } = answer(await client.createPoll({ name: 'Dinner?', user_id: shop.id }));
    const query = { filter: { id: { $in: [poll.id, other.id] } }, sort: [{ field: 'created_at', direction: 1 }], limit: 1 };
    const page = answer(await client.queryPolls({ ...query, user_id: ann.id }));
    assert.deepEqual(ids(page.polls), [poll.id]);
    assert.deepEqual(page.polls[0].own_votes.map(({ option_id }) => option_id), [soup]);
    assert.deepEqual(ids(answer(await client.queryPolls({ ...query, next: page.next })).polls), [other.id]);
  });

  test('markRead, markChannelsRead, unreadCounts, and what a campaign counts of them', async () => {
    const { campaign } = await client.chat.createCampaign({
      user_ids: [ann.id, bob.id],
      sender_id: shop.id,
      create_channels: true,
      message_template: { text: 'Hello', attachments: [], custom: {} },
      channel_template: { type: 'messaging', id: `news-${run}-{{ receiver.id }}`, custom: {} },
    });
    await client.chat.startCampaign({ id: campaign.id });
    await reaches(client, campaign.id, 'completed');
    const readers = async () => (await client.chat.getCampaign({ id: campaign.id })).campaign.stats.stats_users_read;

    const counts = answer(await client.chat.unreadCounts({ user_id: ann.id }));
    const news = counts.channels.find(({ channel_id }) => channel_id === `messaging:news-${run}-${ann.id}`);
    assert.equal(news.unread_count, 1);
    assertTime(news.last_read, 'last_read');
    assert.equal(counts.total_unread_count, counts.channel_type[0].unread_count);

    const { event } = answer(await client.chat.markRead({ type: 'messaging', id: `news-${run}-${ann.id}`, user_id: ann.id }));
    assert.deepEqual([event.type, event.channel_id, event.user.id], ['message.read', `news-${run}-${ann.id}`, ann.id]);
    assert.equal(typeof event.last_read_message_id, 'string');
    assert.equal(await readers(), 1);
    await client.chat.markChannelsRead({ user_id: ann.id });
    await client.chat.markChannelsRead({ user_id: bob.id, read_by_channel: { [`messaging:news-${run}-${bob.id}`]: '' } });
    assert.equal(await readers(), 2);
    const { counts_by_user } = answer(await client.chat.unreadCountsBatch({ user_ids: [ann.id, `none-${run}`] }));
    assert.deepEqual(Object.entries(counts_by_user).map(([id, { total_unread_count }]) => [id, total_unread_count]), [[ann.id, 0]]);
    await client.chat.deleteCampaign({ id: campaign.id });
  });

  test('createDevice, listDevices, deleteDevice', async () => {
    const device = { id: `phone:${run}`, push_provider: 'firebase', push_provider_name: 'main' };
    await client.createDevice({ ...device, user_id: ann.id });
    const { devices } = answer(await client.listDevices({ user_id: ann.id }));
    assertTime(devices[0].created_at, 'created_at');
    const { created_at, ...rest } = devices[0];
    assert.deepEqual(rest, { ...device, user_id: ann.id, disabled: false });
    const { users } = await client.queryUsers({ payload: { filter_conditions: { id: ann.id } } });
    assert.deepEqual(ids(users[0].devices), [device.id]);
    await client.deleteDevice({ id: device.id, user_id: ann.id });
    assert.deepEqual((await client.listDevices({ user_id: ann.id })).devices, []);
  });

  test('channel().sendMessage, getManyMessages, queryMembers, markRead', async () => {
    const channel = client.chat.channel('messaging', `own-${run}`);
    await channel.getOrCreate({ data: { created_by_id: shop.id, members: [{ user_id: shop.id }, { user_id: ann.id }] } });
    const { message } = answer(await channel.sendMessage({ message: { text: 'Hello', user_id: shop.id } }));
    const { messages } = answer(await channel.getManyMessages({ ids: [message.id, `none-${run}`] }));
    assert.deepEqual(messages.map(({ id, text }) => [id, text]), [[message.id, 'Hello']]);
    const { members } = answer(await channel.queryMembers({ payload: { filter_conditions: { user_id: ann.id } } }));
    assert.deepEqual(members.map(({ user_id }) => user_id), [ann.id]);
    const { event } = answer(await channel.markRead({ user_id: ann.id }));
    assert.equal(event.last_read_message_id, message.id);
  });
});
