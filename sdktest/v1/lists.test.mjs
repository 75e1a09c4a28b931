// The lists of campaigns and segments, and the channel of a set of members.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { apiError, connect } from './herald.mjs';

const run = randomUUID().slice(0, 8);
const shop = { id: `shop-${run}`, name: 'The Shop' };
const ids = (list) => list.map(({ id }) => id);

describe('stream-chat: lists', { timeout: 120_000 }, () => {
  let client;
  before(async () => {
    client = connect();
    await client.upsertUsers([shop]);
  });

  test('querySegments and queryCampaigns filter, sort and page', async () => {
    const segments = [];
    for (const letter of ['a', 'b', 'c']) {
      segments.push(client.segment('user', `list-${letter}-${run}`, { name: run, filter: { team: run } }));
      await segments.at(-1).create();
    }
    const sort = [{ field: 'id', direction: -1 }];
    const first = await client.querySegments({ name: run }, sort, { limit: 2 });
    assert.deepEqual(ids(first.segments), [segments[2].id, segments[1].id]);
    const second = await client.querySegments({ name: run }, sort, { limit: 2, next: first.next });
    assert.deepEqual(ids(second.segments), [segments[0].id]);
    assert.equal(second.next, undefined);
    await assert.rejects(client.querySegments({ size: 1 }, []), apiError(400, 4, /filter\.size/));

    const campaigns = [];
    for (const letter of ['a', 'b', 'c']) {
      campaigns.push(client.campaign(`list-${letter}-${run}`, {
        name: run, sender_id: shop.id, user_ids: [shop.id], message_template: { text: 'Hello' },
      }));
      await campaigns.at(-1).create();
    }
    const page = await client.queryCampaigns({ name: run, status: 'draft' }, sort, { limit: 2, user_limit: 1 });
    assert.deepEqual(ids(page.campaigns), [campaigns[2].id, campaigns[1].id]);
    assert.deepEqual(ids(page.campaigns[0].users), [shop.id]);
    const rest = await client.queryCampaigns({ name: run }, sort, { next: page.next });
    assert.deepEqual(ids(rest.campaigns), [campaigns[0].id]);
    const { campaigns: none } = await client.queryCampaigns({ segments: { $in: [segments[0].id] } }, []);
    assert.deepEqual(none, []);

    await Promise.all([...campaigns, ...segments].map((one) => one.delete()));
  });

  test('the channel of a set of members is one', async () => {
    const members = [shop.id, `guest-${run}`];
    await client.upsertUsers([{ id: members[1] }]);
    const [one, again] = [members, members.toReversed()].map((set) => client.channel('messaging', { members: set, created_by_id: shop.id }));
    await one.create();
    await again.create();
    assert.match(one.id, /^!members-/);
    assert.equal(again.cid, one.cid);
    const { members: joined } = await one.query({});
    assert.deepEqual(joined.map(({ user_id }) => user_id).sort(), members.toSorted());
  });
});
