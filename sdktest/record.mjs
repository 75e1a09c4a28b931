// Notes which method of which SDK made which request, for docs/compatibility.md: a file named by HERALD_SDK_CALLS gets a line
// of JSON for each, and one for each SDK with the methods about campaigns and segments that it has. Without the variable this does nothing. The tests and the SDKs don't know of it: methods are wrapped in
// their classes, and requests are heard of from Node itself.

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';

import { StreamClient } from '@stream-io/node-sdk';
import { StreamChat } from 'stream-chat';

const file = process.env.HERALD_SDK_CALLS;

/** The methods that are under way, from the one the test called inwards. */
const underWay = new AsyncLocalStorage();

/** The seen lines: method, request and status, once each. */
const lines = new Set();

function note(calls, method, path, status) {
  if (!calls) return; // a request of the test itself
  lines.add(JSON.stringify({ sdk: calls.sdk, calls: calls.names, method, path: path.split('?')[0], status }));
}

function wrapped(sdk, name, method) {
  return function (...args) {
    const outer = underWay.getStore();
    return underWay.run({ sdk, names: [...(outer?.names ?? []), name] }, () => method.apply(this, args));
  };
}

/** By SDK, the methods that are for campaigns and segments: those that the tests have to call. */
const offered = new Map();

function offer(sdk, label, name) {
  const about = /^(campaign|segment)$/.test(label) || /campaign|segment/i.test(name);
  if (about) offered.set(sdk, [...(offered.get(sdk) ?? []), `${label}.${name}`]);
}

/** Wraps the methods of an object's classes: those of the prototypes, and those that constructors assign to each object. */
function watch(sdk, label, object) {
  const prototypes = [];
  for (let p = Object.getPrototypeOf(object); p !== Object.prototype; p = Object.getPrototypeOf(p)) prototypes.push(p);
  for (const prototype of prototypes) {
    for (const [name, { value, writable }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value === 'function' && writable && name !== 'constructor' && !name.startsWith('_')) {
        prototype[name] = wrapped(sdk, `${label}.${name}`, value);
        offer(sdk, label, name);
      }
    }
  }
  for (const [name, value] of Object.entries(object)) {
    // A function with properties is an object of another library, such as stream-chat's axiosInstance.
    if (typeof value !== 'function' || Object.keys(value).length > 0 || name.startsWith('_')) continue;
    offer(sdk, label, name);
    const inherited = prototypes[0][name];
    Object.defineProperty(prototypes[0], name, {
      configurable: true,
      get: () => inherited,
      set(method) {
        const own = typeof method === 'function' ? wrapped(sdk, `${label}.${name}`, method) : method;
        Object.defineProperty(this, name, { value: own, writable: true, configurable: true, enumerable: true });
      },
    });
  }
}

if (file) {
  const chat = new StreamChat('key', 'secret');
  for (const [label, object] of [
    ['channel', chat.channel('messaging', 'id')],
    ['campaign', chat.campaign('id')],
    ['segment', chat.segment('user', 'id')],
    ['client', chat],
  ]) {
    watch('stream-chat', label, object);
  }
  const client = new StreamClient('key', 'secret', {});
  for (const [label, object] of [
    ['channel', client.chat.channel('messaging', 'id')],
    ['client.chat', client.chat],
    ['client', client],
  ]) {
    watch('@stream-io/node-sdk', label, object);
  }

  // stream-chat calls by node:http, node-sdk by fetch.
  const pending = new WeakMap();
  subscribe('http.client.request.start', ({ request }) => pending.set(request, underWay.getStore()));
  subscribe('http.client.response.finish', ({ request, response }) => {
    note(pending.get(request), request.method, request.path, response.statusCode);
  });
  subscribe('undici:request:create', ({ request }) => pending.set(request, underWay.getStore()));
  subscribe('undici:request:headers', ({ request, response }) => {
    note(pending.get(request), request.method, request.path, response.statusCode);
  });
  for (const [sdk, methods] of offered) lines.add(JSON.stringify({ sdk, offered: methods }));
  process.on('exit', () => appendFileSync(file, [...lines].map((line) => `${line}\n`).join('')));
}
