// The app's own settings by both SDKs, one after the other: the list of hooks is replaced whole.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { apiError as apiErrorV1, connect as connectV1 } from './v1/herald.mjs';
import { answer, apiError as apiErrorV2, assertTime, connect as connectV2 } from './v2/herald.mjs';

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

const run = randomUUID().slice(0, 8);

describe('stream-chat: the app', { timeout: 120_000 }, () => {
  let client;
  let settings;
  before(async () => {
    client = connectV1();
    ({ app: settings } = await client.getAppSettings());
  });
  after(() => client.updateAppSettings({ event_hooks: settings.event_hooks }));

  test('getAppSettings and updateAppSettings', async () => {
    const hook = { id: `hook-${run}`, hook_type: 'webhook', enabled: false, event_types: ['campaign.completed'], webhook_url: 'https://93.184.216.34/hook', product: 'chat', timeout_ms: 500 };
    await client.updateAppSettings({ event_hooks: [...settings.event_hooks, hook] });
    const { app } = await client.getAppSettings();
    assert.equal(app.campaign_enabled, true);
    assert.equal('secret' in app, false);
    const { created_at: createdAt, updated_at: updatedAt, timestamp_format: format, ...stored } = app.event_hooks.find(({ id }) => id === hook.id);
    assert.deepEqual(stored, hook);
    assert.equal(format, 'rfc3339');
    assert.match(createdAt, TIMESTAMP);
    assert.match(updatedAt, TIMESTAMP);
    await assert.rejects(client.updateAppSettings({ event_hooks: [{ ...hook, hook_type: 'sqs' }] }), apiErrorV1(400, 4, /not supported/));
    await assert.rejects(client.updateAppSettings({ webhook_url: 'ftp://example.com' }), apiErrorV1(400, 4, /webhook_url/));
  });

  test('getHookEvents and getRateLimits', async () => {
    const { events } = await client.getHookEvents(['chat']);
    const names = events.map(({ name }) => name);
    for (const name of ['campaign.started', 'campaign.completed', 'campaign.paused', 'message.new']) assert.ok(names.includes(name), name);
    for (const { description, products } of events) assert.deepEqual([description !== '', products], [true, ['chat']]);
    const { server_side: limits } = await client.getRateLimits({ serverSide: true, endpoints: ['CreateCampaign', 'QueryUsers'] });
    assert.deepEqual(Object.keys(limits).sort(), ['CreateCampaign', 'QueryUsers']);
    assert.deepEqual([limits.CreateCampaign.limit, limits.CreateCampaign.remaining], [1_000_000, 1_000_000], 'there are none in development');
  });
});

describe('node-sdk: the app', { timeout: 120_000 }, () => {
  let client;
  let settings;
  before(async () => {
    client = connectV2();
    ({ app: settings } = await client.getApp());
  });
  after(() => client.updateApp({ event_hooks: settings.event_hooks }));

  test('getApp and updateApp', async () => {
    const hook = { id: `hook-${run}`, hook_type: 'webhook', enabled: false, event_types: ['*'], webhook_url: 'https://93.184.216.34/hook', product: 'all', timeout_ms: 6000 };
    assert.deepEqual(answer(await client.updateApp({ event_hooks: [...settings.event_hooks, hook] })), {});
    const { app } = answer(await client.getApp());
    const { created_at: createdAt, updated_at: updatedAt, timestamp_format: format, ...stored } = app.event_hooks.find(({ id }) => id === hook.id);
    assert.deepEqual(stored, hook);
    assert.equal(format, 'rfc3339');
    for (const [name, time] of Object.entries({ createdAt, updatedAt })) assertTime(time, name);
    assert.deepEqual([app.campaign_enabled, app.suspended, 'secret' in app], [true, false, false]);
    await assert.rejects(client.updateApp({ event_hooks: [{ ...hook, timeout_ms: 99 }] }), apiErrorV2(400, 4, /event_hooks\[0\]\.timeout_ms/));
  });

  test('getRateLimits', async () => {
    const { server_side: limits } = answer(await client.getRateLimits({ server_side: true, endpoints: 'StartCampaign' }));
    assert.deepEqual(Object.keys(limits), ['StartCampaign']);
    assert.deepEqual([limits.StartCampaign.limit, limits.StartCampaign.remaining], [1_000_000, 1_000_000]);
  });
});
