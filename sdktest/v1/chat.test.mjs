// What users do with a campaign's message, by the methods of stream-chat: reading it, voting in its poll, deleting it; and
// the devices that hear of it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { StreamChat } from 'stream-chat';

import { apiError, connect, reaches } from './herald.mjs';

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

const run = randomUUID().slice(0, 8);
const shop = { id: `shop-${run}`, name: 'The Shop' };
const ann = { id: `ann-${run}`, name: 'Ann' };
const bob = { id: `bob-${run}`, name: 'Bob' };

const ids = (list) => list.map(({ id }) => id);

describe('stream-chat: messages, polls, reads and devices', { timeout: 300_000 }, () => {
  let client;
  let channel;

  before(async () => {
    client = connect();
    await client.upsertUsers([shop, ann, bob]);
    channel = client.channel('messaging', `talk-${run}`, { created_by_id: shop.id, members: [shop.id, ann.id, bob.id] });
    await channel.create();
  });

  test('messages are sent, got one by one and together, and deleted', async () => {
    const { message: sent } = await channel.sendMessage({
      text: 'Hello',
      user_id: shop.id,
      mentioned_users: [ann.id],
      attachments: [{ type: 'image', image_url: 'https://example.com/a.png', alt: 'a' }],
      promo: 4,
    });
    assert.deepEqual(ids(sent.mentioned_users), [ann.id]);
    const { message: got } = await client.getMessage(sent.id);
    assert.equal(got.text, 'Hello');
    assert.equal(got.promo, 4);
    assert.equal(got.attachments[0].alt, 'a');
    assert.equal(got.channel.cid, channel.cid);

    const { message: second } = await channel.sendMessage({ id: `second-${run}`, text: 'Again', user_id: ann.id });
    const { messages } = await channel.getMessagesById([second.id, `none-${run}`, sent.id]);
    assert.deepEqual(ids(messages), [second.id, sent.id]);

    const { message: deleted } = await client.deleteMessage(sent.id);
    assert.equal(deleted.type, 'deleted');
    assert.equal(deleted.text, '');
    assert.deepEqual(deleted.attachments, []);
    assert.match(deleted.deleted_at, TIMESTAMP);
    await client.deleteMessage(second.id, true);
    await assert.rejects(client.getMessage(second.id), apiError(404, 16));
    const { messages: left } = await channel.getMessagesById([second.id, sent.id]);
    assert.deepEqual(left.map(({ id, type }) => [id, type]), [[sent.id, 'deleted']]);
  });

  test('a poll is sent by its creator, voted in, and counted', async () => {
    const { poll } = await client.createPoll(
      { name: 'Which?', options: [{ text: 'Red' }, { text: 'Blue' }], enforce_unique_vote: true, allow_answers: true },
      shop.id,
    );
    const [red, blue] = ids(poll.options);
    assert.equal(poll.created_by.id, shop.id);
    await assert.rejects(channel.sendMessage({ poll_id: poll.id, user_id: ann.id }), apiError(400, 4, /poll_id/));
    const { message } = await channel.sendMessage({ poll_id: poll.id, user_id: shop.id });
    assert.equal(message.poll.id, poll.id);

    const { vote } = await client.castPollVote(message.id, poll.id, { option_id: red }, ann.id);
    assert.equal(vote.option_id, red);
    assert.equal(vote.user.id, ann.id);
    await client.castPollVote(message.id, poll.id, { option_id: blue }, ann.id);
    const { vote: bobs } = await client.castPollVote(message.id, poll.id, { option_id: blue }, bob.id);
    await client.addPollAnswer(message.id, poll.id, 'Green', bob.id);
    await assert.rejects(client.castPollVote(message.id, poll.id, { option_id: 'none' }, bob.id), apiError(400, 4, /option_id/));

    const { poll: seen } = await client.getPoll(poll.id, ann.id);
    assert.equal(seen.vote_count, 2);
    assert.deepEqual(seen.vote_counts_by_option, { [red]: 0, [blue]: 2 });
    assert.deepEqual(seen.latest_votes_by_option[blue].map(({ user_id }) => user_id), [bob.id, ann.id]);
    assert.deepEqual(seen.own_votes.map(({ option_id }) => option_id), [blue]);
    assert.deepEqual(seen.latest_answers.map(({ answer_text }) => answer_text), ['Green']);

    await client.removePollVote(message.id, poll.id, bobs.id, bob.id);
    const { message: after } = await client.getMessage(message.id);
    assert.equal(after.poll.vote_count, 1);
    await client.deletePoll(poll.id, shop.id);
    await assert.rejects(client.getPoll(poll.id), apiError(404, 16));
  });

  test('a poll is changed, closed, and found again', async () => {
    const { poll } = await client.createPoll(
      { name: 'Lunch?', options: [{ text: 'Soup' }, { text: 'Salad' }], custom: { run } },
      shop.id,
    );
    const [soup, salad] = ids(poll.options);
    const { message } = await channel.sendMessage({ poll_id: poll.id, user_id: shop.id });
    await client.castPollVote(message.id, poll.id, { option_id: soup }, ann.id);
    await client.castPollVote(message.id, poll.id, { option_id: salad }, bob.id);

    const { poll: replaced } = await client.updatePoll(
      { ...poll, name: 'Lunch today?', options: [{ id: soup, text: 'Cold soup' }, { text: 'Bread' }] },
      shop.id,
    );
    assert.deepEqual([replaced.name, replaced.custom], ['Lunch today?', { run }]);
    assert.deepEqual(replaced.options.map(({ text }) => text), ['Cold soup', 'Bread']);
    assert.deepEqual(Object.values(replaced.vote_counts_by_option), [1, 0]);

    const { poll: edited } = await client.partialUpdatePoll(poll.id, { set: { description: 'At noon', place: 'here' }, unset: ['run'] }, shop.id);
    assert.deepEqual([edited.name, edited.description, edited.custom], ['Lunch today?', 'At noon', { place: 'here' }]);
    assert.equal((await client.closePoll(poll.id, shop.id)).poll.is_closed, true);
    await assert.rejects(client.castPollVote(message.id, poll.id, { option_id: soup }, bob.id), apiError(400, 4, /closed/));

    const { poll: other } = await client.createPoll({ name: 'Dinner?' }, shop.id);
    const mine = { created_by_id: shop.id, id: { $in: [poll.id, other.id] } };
    const page = await client.queryPolls(mine, [{ created_at: 1 }], { limit: 1 }, ann.id);
    assert.deepEqual(ids(page.polls), [poll.id]);
    assert.deepEqual(page.polls[0].own_votes.map(({ option_id }) => option_id), [soup]);
    assert.deepEqual(ids((await client.queryPolls(mine, [{ created_at: 1 }], { limit: 1, next: page.next })).polls), [other.id]);
    assert.deepEqual(ids((await client.queryPolls({ ...mine, is_closed: true })).polls), [poll.id]);
  });

  test('what a campaign sent is unread until it is read, and read once', async () => {
    const { poll } = await client.createPoll({ name: 'Coming?', options: [{ text: 'Yes' }] }, shop.id);
    const campaign = client.campaign({
      user_ids: [ann.id, bob.id],
      sender_id: shop.id,
      create_channels: true,
      message_template: { text: '', poll_id: poll.id },
    });
    await campaign.create();
    await campaign.start();
    await reaches(campaign, 'completed');

    const find = async (user) => {
      const [found] = await client.queryChannels({ members: { $eq: [shop.id, user.id] } }, [], { message_limit: 30 });
      return found;
    };
    const annsChannel = await find(ann);
    const annsMessage = annsChannel.state.messages.find(({ campaign_id }) => campaign_id === campaign.id);
    assert.equal(annsMessage.poll_id, poll.id);
    await client.castPollVote(annsMessage.id, poll.id, { option_id: poll.options[0].id }, ann.id);

    const unread = await client.getUnreadCount(ann.id);
    const entry = unread.channels.find(({ channel_id }) => channel_id === annsChannel.cid);
    assert.equal(entry.unread_count, 1);
    assert.ok(unread.total_unread_count >= 1);
    const { counts_by_user } = await client.getUnreadCountBatch([ann.id, bob.id]);
    assert.equal(counts_by_user[ann.id].total_unread_count, unread.total_unread_count);

    const { event } = await annsChannel.markRead({ user_id: ann.id });
    assert.equal(event.last_read_message_id, annsMessage.id);
    assert.equal((await campaign.get()).campaign.stats.stats_users_read, 1);
    await client.markChannelsRead({ user_id: ann.id });
    await client.markChannelsRead({ user_id: bob.id, read_by_channel: { [(await find(bob)).cid]: '' } });
    assert.equal((await campaign.get()).campaign.stats.stats_users_read, 2);
    assert.equal((await client.getUnreadCount(ann.id)).total_unread_count, 0);

    // Both messages carry the one poll, with the vote that was cast on one of them.
    const bobsMessage = (await find(bob)).state.messages.find(({ campaign_id }) => campaign_id === campaign.id);
    const { message } = await client.getMessage(bobsMessage.id);
    assert.equal(message.poll.vote_count, 1);
    await campaign.delete();
  });

  test('devices come and go, and show with their user', async () => {
    await client.addDevice(`phone-${run}`, 'firebase', ann.id, 'main');
    await client.addDevice(`tablet-${run}`, 'apn', ann.id);
    const { devices } = await client.getDevices(ann.id);
    assert.deepEqual(devices.map(({ id, push_provider }) => [id, push_provider]), [[`phone-${run}`, 'firebase'], [`tablet-${run}`, 'apn']]);
    const { users } = await client.queryUsers({ id: ann.id });
    assert.deepEqual(ids(users[0].devices), ids(devices));
    await client.addDevice(`tablet-${run}`, 'apn', bob.id);
    await client.removeDevice(`phone-${run}`, ann.id);
    assert.deepEqual((await client.getDevices(ann.id)).devices, []);
    assert.deepEqual(ids((await client.getDevices(bob.id)).devices), [`tablet-${run}`]);
  });

  test('the same by other names: vote and removeVote, pin and unpin, markAllRead, updateUser', async () => {
    const { poll } = await client.createPoll({ name: 'Again?', options: [{ text: 'yes' }] }, shop.id);
    const { message } = await channel.sendMessage({ text: 'Vote', poll_id: poll.id, user_id: shop.id });
    const own = new StreamChat(process.env.HERALD_API_KEY);
    own.setBaseURL(client.baseURL);
    own.userID = ann.id;
    await own.tokenManager.setTokenOrProvider(client.createToken(ann.id), { id: ann.id });
    const mine = own.channel('messaging', channel.id);
    await mine.watch();
    const { vote } = await mine.vote(message.id, poll.id, { option_id: poll.options[0].id });
    assert.equal(vote.user_id, ann.id);
    assert.equal((await mine.removeVote(message.id, poll.id, vote.id)).poll.vote_count, 0);
    assert.match((await mine.pin()).pinned_at, TIMESTAMP);
    assert.ok(!('pinned_at' in (await mine.unpin())));
    await client.markAllRead({ user_id: ann.id });
    assert.equal((await client.getUnreadCount(ann.id)).total_unread_count, 0);
    const { users } = await client.updateUser({ ...ann, country: 'US' });
    assert.equal(users[ann.id].country, 'US');
  });
});
