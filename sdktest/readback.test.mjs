// What was stored comes back as it was sent, field by field: 10,000 users, a segment that filters them by five custom fields,
// and campaigns with everything that a campaign can have. Written by each SDK and read by both, so each dialect shows what
// came in by the other.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { connect as connectV1 } from './v1/herald.mjs';
import { connect as connectV2 } from './v2/herald.mjs';

const USERS = 10_000;
const PER_UPSERT = 100; // contract 16.1
const PER_PAGE = 100;
const DEADLINE_MS = 60_000;
const POLL_MS = 100;
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

const USER_KEYS = [
  'id', 'name', 'image', 'role', 'language', 'teams', 'created_at', 'updated_at', 'last_active', 'banned', 'online', 'invisible',
  'shadow_banned', 'blocked_user_ids', 'devices', 'mutes', 'channel_mutes', 'unread_count', 'total_unread_count', 'unread_channels',
  'unread_threads',
];
const ATTACHMENT_KEYS = [
  'type', 'fallback', 'color', 'pretext', 'author_name', 'author_link', 'author_icon', 'title', 'title_link', 'text', 'image_url',
  'thumb_url', 'asset_url', 'footer', 'footer_icon', 'og_scrape_url', 'original_width', 'original_height', 'actions', 'fields', 'giphy',
];

/** An object of the v1 dialect in the form of v2: what is beside the built-in keys goes into custom. */
function nested(builtin, object) {
  const entries = Object.entries(object);
  return {
    ...Object.fromEntries(entries.filter(([key]) => builtin.includes(key))),
    custom: Object.fromEntries(entries.filter(([key]) => !builtin.includes(key))),
  };
}

/** An object of the v2 dialect in the form of v1. */
const flat = ({ custom, ...builtin }) => ({ ...custom, ...builtin });

/** A definition of a campaign in the form of the other dialect: only attachments differ. */
function withAttachments(campaign, change) {
  const { message_template: message } = campaign;
  return { ...campaign, message_template: { ...message, attachments: message.attachments.map(change) } };
}

/** stream-chat, taking and giving everything in the form of the v2 dialect. */
function v1() {
  const client = connectV1();
  const campaign = (one) => ({
    ...withAttachments(one, (attachment) => nested(ATTACHMENT_KEYS, attachment)),
    users: one.users.map((user) => nested(USER_KEYS, user)),
    sender: nested(USER_KEYS, one.sender),
    sender_mode: one.sender_mode ?? '',
    sender_visibility: one.sender_visibility ?? '',
  });
  return {
    dialect: 'v1',
    takesExtensions: true,
    time: (value) => {
      assert.match(value, TIMESTAMP);
      return value;
    },
    upsert: async (users) => Object.values((await client.upsertUsers(users.map(flat))).users).map((user) => nested(USER_KEYS, user)),
    users: async (filter, limit) => (await client.queryUsers(filter, [{ id: 1 }], { limit })).users.map((user) => nested(USER_KEYS, user)),
    poll: async (poll) => (await client.createPoll(poll, poll.user_id)).poll,
    getPoll: async (id) => (await client.getPoll(id)).poll,
    deletePoll: (id) => client.deletePoll(id),
    createSegment: async ({ type, id, ...data }) => (await client.createSegment(type, id, data)).segment,
    getSegment: async (id) => (await client.getSegment(id)).segment,
    querySegments: async (filter) => (await client.querySegments(filter, [])).segments,
    deleteSegment: (id) => client.deleteSegment(id),
    createCampaign: async (definition) => campaign((await client.createCampaign(withAttachments(definition, flat))).campaign),
    getCampaign: async (id, page) => {
      const { campaign: one, users } = await client.getCampaign(id, { users: page });
      return { campaign: campaign(one), pager: users };
    },
    queryCampaigns: async (filter, userLimit) => (await client.queryCampaigns(filter, [], { user_limit: userLimit })).campaigns.map(campaign),
    start: async (id, { scheduled_for: scheduledFor, stop_at: stopAt }) => campaign((await client.startCampaign(id, { scheduledFor, stopAt })).campaign),
    deleteCampaign: (id) => client.deleteCampaign(id),
  };
}

/** node-sdk. */
function v2() {
  const client = connectV2();
  return {
    dialect: 'v2',
    takesExtensions: false, // it sends the keys that it knows and no others
    time: (value) => {
      assert.ok(value instanceof Date && !Number.isNaN(value.getTime()), `${value}`);
      return value;
    },
    upsert: async (users) => Object.values((await client.upsertUsers(users)).users),
    users: async (filter, limit) =>
      (await client.queryUsers({ payload: { filter_conditions: filter, sort: [{ field: 'id', direction: 1 }], limit } })).users,
    poll: async (poll) => (await client.createPoll(poll)).poll,
    getPoll: async (id) => (await client.getPoll({ poll_id: id })).poll,
    deletePoll: (id) => client.deletePoll({ poll_id: id }),
    createSegment: async (definition) => (await client.chat.createSegment(definition)).segment,
    getSegment: async (id) => (await client.chat.getSegment({ id })).segment,
    querySegments: async (filter) => (await client.chat.querySegments({ filter })).segments,
    deleteSegment: (id) => client.chat.deleteSegment({ id }),
    createCampaign: async (definition) => (await client.chat.createCampaign(definition)).campaign,
    getCampaign: async (id, page) => {
      const { campaign, users } = await client.chat.getCampaign({ id, ...page });
      return { campaign, pager: users };
    },
    queryCampaigns: async (filter, userLimit) => (await client.chat.queryCampaigns({ filter, user_limit: userLimit })).campaigns,
    start: async (id, times) => (await client.chat.startCampaign({ id, ...times })).campaign,
    deleteCampaign: (id) => client.chat.deleteCampaign({ id }),
  };
}

/** Compares times to the millisecond, which is what a Date holds; node-sdk reads them as floating-point numbers, a millisecond off. */
function assertSameTime(got, want, what) {
  const [gotAt, wantAt] = [got, want].map((value) => (value instanceof Date ? value : new Date(value)).getTime());
  assert.ok(Math.abs(gotAt - wantAt) <= 1, `${what} is ${got}, want ${want}`);
}

/** Everything that was sent, as it was sent. */
function assertAsSent(got, sent, what) {
  for (const [key, value] of Object.entries(sent)) assert.deepEqual(got[key], value, `${what}: ${key}`);
}

const NAMES = ['Ana Souza', 'Дмитрий Орлов', 'محمد العلي', '王芳', 'O\'Brien & "Sons" <x>', 'Zoë \\ 👩‍👩‍👧', ''];
const CITIES = ['Paris', 'Lyon', 'São Paulo', 'Kraków', '北京', '', 'New York'];

function userOf(run, n) {
  return {
    id: `user-${run}-${String(n).padStart(5, '0')}`,
    name: NAMES[n % NAMES.length],
    image: n % 3 === 0 ? '' : `https://cdn.example.com/${n}.png?a=<b>&c="d"`,
    role: n % 10 === 0 ? 'admin' : 'user',
    language: ['', 'en', 'pt-BR'][n % 3],
    teams: n % 4 === 0 ? [] : ['red', `team ${n % 7}, ü`],
    invisible: n % 6 === 0,
    custom: {
      run,
      country: ['US', 'FR', 'BR', 'us'][n % 4],
      age: n % 90,
      vip: n % 3 === 0,
      tags: ['gold', 'silver', 'ü "x"', '', 'new'].slice(n % 5),
      address: { city: CITIES[n % 7], zip: '', geo: { lat: 48 + n / 1e6, lon: -0.5 } },
      number: Number.MAX_SAFE_INTEGER - n,
      small: (n + 1) * 1e-7,
      negative: -n - 0.25,
      empty: '',
      nothing: null,
      none: [],
      nobody: {},
      list: [n, 'a', null, { b: [false, { c: '\u2028' }] }],
      'a key: "with" ключ.': { $set: 1 },
    },
  };
}

const filterOf = (run) => ({
  run,
  country: 'US', // a string
  age: { $gte: 18, $lt: 80 }, // a number
  vip: true,
  tags: { $contains: 'gold' }, // an array
  'address.city': { $in: ['Paris', 'Kraków', ''] }, // a nested field
});

const matches = ({ custom: { country, age, vip, tags, address } }) =>
  country === 'US' && age >= 18 && age < 80 && vip && tags.includes('gold') && ['Paris', 'Kraków', ''].includes(address.city);

const ATTACHMENTS = [
  { type: 'image', image_url: 'https://cdn.example.com/{{ receiver.language }}.png', thumb_url: '', fallback: 'fällback', original_width: 640, original_height: 0, custom: { alt: 'for {{ receiver.id }}' } },
  { type: 'file', asset_url: 'https://cdn.example.com/a.pdf', title: 'Preisliste <2030> & more', title_link: 'https://example.com/?a=1&b=2', custom: { file_size: 9007199254740991, mime_type: 'application/pdf' } },
  { type: 'video', asset_url: 'https://cdn.example.com/a.mp4', og_scrape_url: 'https://example.com', custom: { duration: 12.5 } },
  { type: 'audio', asset_url: 'https://cdn.example.com/a.mp3', text: 'うた', custom: { waveform_data: [0, 0.25, 1] } },
  { type: 'giphy', title_link: '', giphy: { original: { url: 'https://giphy.com/a.gif', width: '480' } }, custom: {} },
  {
    type: 'card', color: '#ff0000', pretext: 'p', author_name: 'A', author_link: 'https://example.com/a', author_icon: 'https://example.com/a.ico',
    footer: 'f', footer_icon: 'https://example.com/f.ico',
    actions: [{ name: 'buy', text: 'Buy', type: 'button', value: '1', style: 'primary' }, { name: 'no', text: '', type: 'button' }],
    fields: [{ title: 'Price', value: '{{ receiver.age }} €', short: true }, { title: '', value: '', short: false }],
    custom: { product: { sku: 'x-1', sizes: [36, 37.5, null], stock: null }, sale: true },
  },
  { custom: { only: 'custom' } },
];

const SCHEDULE = { scheduled_for: '2031-05-06T07:08:09.123456Z', stop_at: '2031-05-07T00:00:00.000001Z' };

for (const [writes, other] of [[v1, v2], [v2, v1]]) {
  const writer = writes();
  const readers = [writer, other()];
  const run = randomUUID().slice(0, 8);

  describe(`written by ${writer.dialect}, read by both`, { timeout: 300_000 }, () => {
    const users = Array.from({ length: USERS }, (_, n) => userOf(run, n));
    const sender = users[1];
    const segment = { id: `segment-${run}`, type: 'user', name: 'Zoë’s <"&"> 客户', description: 'five fields\n\tand a tab', filter: filterOf(run) };
    const poll = {
      id: `poll-${run}`, name: 'Which? ¿Cuál?', description: '', voting_visibility: 'anonymous', enforce_unique_vote: true, max_votes_allowed: 10,
      allow_answers: true, is_closed: false, options: [{ text: 'Ja' }, { text: '否' }],
    };
    const definition = {
      name: 'Spring <sale> & more 🌷',
      description: '',
      sender_id: sender.id,
      sender_mode: 'include',
      sender_visibility: 'archived',
      message_template: {
        text: 'Hi {{ receiver.name | default("you") }}, {% if receiver.vip %}VIP \\ {% endif %}"{{ receiver.address.city }}"\n👋',
        attachments: ATTACHMENTS,
        poll_id: poll.id,
        custom: { promotional: true, n: 1.5, empty: '', nothing: null, deep: { list: [1, '{{ receiver.id }}', { x: null }] }, 'ключ': [] },
        searchable: true,
      },
      create_channels: true,
      show_channels: true,
      skip_push: true,
      skip_webhook: true,
      ...(writer.takesExtensions && { messages_per_second: 1_000_000 }),
    };
    const channel = { type: 'messaging', id: '{{ receiver.id }}-{{ sender.id }}', team: 'équipe "eu"', custom: { name: 'Shop for {{ receiver.name }}', deep: { n: [0.1] } } };
    const toSegment = {
      ...definition,
      id: `to-segment-${run}`,
      segment_ids: [segment.id],
      channel_template: {
        ...channel,
        members_template: [{ user_id: users[2].id, channel_role: 'channel_moderator', custom: { desk: 4, note: '' } }, { user_id: users[3].id, custom: {} }],
      },
    };
    const shuffled = users.map(({ id }) => id).sort((a, b) => (a.split('').reverse().join('') < b.split('').reverse().join('') ? -1 : 1));
    const toUsers = {
      ...definition,
      id: `to-users-${run}`,
      sender_mode: 'exclude',
      sender_visibility: 'hidden',
      user_ids: shuffled,
      channel_template: { ...channel, members: [users[3].id, users[2].id] },
    };

    before(async () => {
      for (let from = 0; from < USERS; from += PER_UPSERT) {
        const chunk = users.slice(from, from + PER_UPSERT);
        const stored = await writer.upsert(chunk);
        assert.equal(stored.length, chunk.length);
        for (const [i, user] of chunk.entries()) assertAsSent(stored.find(({ id }) => id === user.id), user, `answer for user ${from + i}`);
      }
      await writer.poll({ ...poll, user_id: sender.id });
      assertAsSent(await writer.createSegment(segment), segment, 'answer for the segment');
      for (const campaign of [toSegment, toUsers]) assertAsSent(await writer.createCampaign(campaign), campaign, `answer for ${campaign.id}`);
    });

    after(async () => {
      for (const { id } of [toSegment, toUsers]) await writer.deleteCampaign(id);
      await writer.deleteSegment(segment.id);
      await writer.deletePoll(poll.id);
    });

    for (const reader of readers) {
      test(`${reader.dialect}: every user`, async () => {
        let last = '';
        for (let from = 0; from < USERS; from += PER_PAGE) {
          const page = await reader.users({ run, id: { $gt: last } }, PER_PAGE);
          assert.equal(page.length, PER_PAGE, `users after ${last}`);
          for (const [i, got] of page.entries()) {
            assertAsSent(got, users[from + i], `user ${from + i}`);
            for (const key of ['created_at', 'updated_at']) reader.time(got[key]);
          }
          last = page.at(-1).id;
        }
        assert.deepEqual(await reader.users({ run, id: { $gt: last } }, PER_PAGE), []);
      });

      test(`${reader.dialect}: the segment, and whom it selects`, async () => {
        const expected = users.filter(matches).map(({ id }) => id);
        assert.ok(expected.length > 30 && expected.length < USERS / 10, `${expected.length} matches`);
        const found = await reader.users(segment.filter, PER_PAGE);
        while (found.length < expected.length) {
          const more = await reader.users({ ...segment.filter, id: { $gt: found.at(-1).id } }, PER_PAGE);
          assert.ok(more.length > 0, `${found.length} users and no more`);
          found.push(...more);
        }
        assert.deepEqual(found.map(({ id }) => id), expected);

        const deadline = Date.now() + DEADLINE_MS;
        for (;;) { // it is counted in the background
          const got = await reader.getSegment(segment.id);
          assertAsSent(got, segment, 'segment');
          if (got.size === expected.length) break;
          assert.equal(got.size, 0, 'a size is 0 until it was counted, and then right');
          assert.ok(Date.now() < deadline, `no size after ${DEADLINE_MS} ms`);
          await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
        const [listed, ...others] = await reader.querySegments({ name: segment.name, id: segment.id });
        assert.deepEqual(others, []);
        assertAsSent(listed, { ...segment, size: expected.length, all_users: false, all_sender_channels: false, deleted_at: null }, 'listed segment');
        reader.time(listed.created_at);
      });

      test(`${reader.dialect}: the poll`, async () => {
        const { options, ...rest } = poll;
        const got = await reader.getPoll(poll.id);
        assertAsSent(got, { ...rest, created_by_id: sender.id }, 'poll');
        assert.deepEqual(got.options.map(({ text }) => text), options.map(({ text }) => text));
      });

      test(`${reader.dialect}: the campaigns`, async () => {
        const { campaign: ofSegment, pager } = await reader.getCampaign(toSegment.id);
        assertAsSent(ofSegment, { ...toSegment, user_ids: [], users: [], status: 'draft' }, 'campaign');
        assertAsSent(ofSegment.sender, sender, 'sender');
        assertAsSent(ofSegment.segments[0], segment, 'segment of the campaign');
        assert.deepEqual([ofSegment.segments.length, pager], [1, {}]);
        if (!writer.takesExtensions) assert.equal(ofSegment.messages_per_second, null);

        const seen = [];
        for (let next; ; ) {
          const page = await reader.getCampaign(toUsers.id, next && { next });
          assertAsSent(page.campaign, { ...toUsers, segment_ids: [], segments: [] }, 'campaign to users');
          seen.push(...page.campaign.users);
          next = page.pager.next;
          if (!next) break;
          assert.ok(seen.length < USERS, 'pages do not come to an end');
        }
        assert.deepEqual(seen.map(({ id }) => id), shuffled);
        const byId = new Map(users.map((user) => [user.id, user]));
        for (const got of seen) assertAsSent(got, byId.get(got.id), got.id);

        const listed = await reader.queryCampaigns({ name: definition.name, sender_id: sender.id, id: { $in: [toSegment.id, toUsers.id] } }, 7);
        assert.deepEqual(listed.map(({ id }) => id), [toUsers.id, toSegment.id], 'the newest first');
        assertAsSent(listed[0], { ...toUsers, user_ids: shuffled.slice(0, 7) }, 'listed campaign to users');
        assert.deepEqual(listed[0].users.map(({ id }) => id), shuffled.slice(0, 7));
        assertAsSent(listed[1], { ...toSegment, user_ids: [] }, 'listed campaign');
      });
    }

    test('the times of the start', async () => {
      const started = await writer.start(toSegment.id, SCHEDULE);
      assert.equal(started.status, 'scheduled');
      for (const reader of readers) {
        const { campaign: got } = await reader.getCampaign(toSegment.id);
        const [listed] = await reader.queryCampaigns({ id: toSegment.id }, 1);
        for (const one of [got, listed, ...(reader === writer ? [started] : [])]) {
          assertAsSent(one, { ...toSegment, status: 'scheduled' }, `started campaign in ${reader.dialect}`);
          for (const [key, want] of Object.entries(SCHEDULE)) {
            if (reader.dialect === 'v1') assert.equal(one[key], want, key); // with its microseconds
            else assertSameTime(reader.time(one[key]), want, key);
          }
        }
      }
    });
  });
}
