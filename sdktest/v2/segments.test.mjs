// Every segment method of node-sdk.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { answer, apiError, assertTime, connect } from './herald.mjs';

const run = randomUUID().slice(0, 8);
const id = (name) => `${name}-${run}`;

describe('node-sdk: segments', { timeout: 120_000 }, () => {
  let client;
  before(() => {
    client = connect();
  });

  test('create, get, update, delete', async () => {
    const wanted = { id: id('filter'), type: 'user', name: 'Gold', description: 'of the shop', filter: { tier: { $in: ['gold'] }, cohort: run } };
    const { segment: created } = answer(await client.chat.createSegment(wanted));
    for (const [key, value] of Object.entries(wanted)) assert.deepEqual(created[key], value, key);
    assert.deepEqual(
      [created.all_users, created.all_sender_channels, created.size, created.deleted_at, created.locked, created.task_id],
      [false, false, 0, null, false, ''],
    );
    assertTime(created.created_at, 'created_at');
    const { segment: got } = answer(await client.chat.getSegment({ id: wanted.id }));
    assert.deepEqual(got, created);

    const { segment: updated } = answer(await client.chat.updateSegment({ id: wanted.id, name: 'Silver', filter: { tier: 'silver' } }));
    assert.deepEqual([updated.id, updated.name, updated.description, updated.filter], [wanted.id, 'Silver', 'of the shop', { tier: 'silver' }]);
    assert.ok(updated.updated_at >= created.updated_at);

    for (const selection of [{ type: 'user', all_users: true }, { type: 'channel', all_sender_channels: true }]) {
      const { segment } = await client.chat.createSegment({ id: id('all'), ...selection });
      for (const [key, value] of Object.entries(selection)) assert.deepEqual(segment[key], value, key);
      assert.deepEqual(segment.filter, {});
      assert.deepEqual(answer(await client.chat.deleteSegment({ id: segment.id })), {});
    }
    const { segment: generated } = await client.chat.createSegment({ type: 'user' });
    assert.match(generated.id, /^[0-9a-f-]{36}$/);
    await client.chat.deleteSegment({ id: generated.id });

    await client.chat.deleteSegment({ id: wanted.id });
    await assert.rejects(client.chat.getSegment({ id: wanted.id }), apiError(404, 16, /GetSegment failed/));
    await assert.rejects(client.chat.createSegment({ type: 'user', filter: {} }), apiError(400, 4, /filter/));
    await assert.rejects(client.chat.createSegment({ type: 'thing' }), apiError(400, 4, /type must be one of/));
  });

  test('targets', async () => {
    const segment = id('targets');
    await client.chat.createSegment({ id: segment, type: 'channel' });
    // As ids are, in a path that this SDK does not escape.
    const targets = ['messaging:a b', 'messaging:a+b', 'messaging:ü', `messaging:${run}`];
    assert.deepEqual(answer(await client.chat.addSegmentTargets({ id: segment, target_ids: [...targets, targets[0]] })), {});
    for (const target_id of targets) {
      assert.deepEqual(answer(await client.chat.segmentTargetExists({ id: segment, target_id })), {});
    }
    await assert.rejects(client.chat.segmentTargetExists({ id: segment, target_id: 'messaging:none' }), apiError(404, 16));
    const { segment: counted } = await client.chat.getSegment({ id: segment });
    assert.equal(counted.size, targets.length);

    const sorted = [...targets].sort();
    const first = answer(await client.chat.querySegmentTargets({ id: segment, sort: [{ field: 'target_id', direction: 1 }], filter: { target_id: { $gte: 'm' } }, limit: 3 }));
    assert.deepEqual(first.targets.map(({ target_id }) => target_id), sorted.slice(0, 3));
    assert.equal(first.prev, undefined);
    assert.deepEqual([first.targets[0].segment_id, Number.isInteger(first.targets[0].app_pk)], [segment, true]);
    assertTime(first.targets[0].created_at, 'created_at');
    const second = answer(await client.chat.querySegmentTargets({ id: segment, next: first.next }));
    assert.deepEqual(second.targets.map(({ target_id }) => target_id), sorted.slice(3));
    assert.equal(second.next, undefined);
    const back = answer(await client.chat.querySegmentTargets({ id: segment, prev: second.prev }));
    assert.deepEqual(back.targets, first.targets);

    assert.deepEqual(answer(await client.chat.deleteSegmentTargets({ id: segment, target_ids: [targets[0], 'messaging:none'] })), {});
    await assert.rejects(client.chat.segmentTargetExists({ id: segment, target_id: targets[0] }), apiError(404, 16));
    await assert.rejects(client.chat.addSegmentTargets({ id: segment, target_ids: [null] }), apiError(400, 4, /target_ids\[0\] must be a string/));
    await client.chat.deleteSegment({ id: segment });
  });

  test('querySegments', async () => {
    const ids = ['a', 'b', 'c'].map((letter) => id(`query-${letter}`));
    for (const one of ids) await client.chat.createSegment({ id: one, type: 'user', name: run });
    const query = { filter: { name: run, type: 'user' }, sort: [{ field: 'id', direction: -1 }] };
    const first = answer(await client.chat.querySegments({ ...query, limit: 2 }));
    assert.deepEqual(first.segments.map((segment) => segment.id), [ids[2], ids[1]]);
    assertTime(first.segments[0].created_at, 'created_at');
    // The cursor's own filter and sort win over what is sent beside it.
    const second = answer(await client.chat.querySegments({ next: first.next, filter: { name: 'other' }, sort: [{ field: 'size' }] }));
    assert.deepEqual(second.segments.map((segment) => segment.id), [ids[0]]);
    await assert.rejects(client.chat.querySegments({ filter: {}, next: `${first.next}x` }), apiError(400, 4, /next/));
    await assert.rejects(client.chat.querySegments({ filter: { nope: 1 } }), apiError(400, 4, /filter\.nope/));
    for (const one of ids) await client.chat.deleteSegment({ id: one });
  });
});
